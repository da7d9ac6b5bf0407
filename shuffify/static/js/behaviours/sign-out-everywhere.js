// Asks before all logins are closed; without scripts the form is sent as it is.
import { ask } from "../lib/dialog.js";

export function attach(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const may = await ask({
      title: "Sign out everywhere?",
      message: `This closes ${form.dataset.logins}, this one among them. Schedules go on.`,
      confirm: "Sign out everywhere",
      danger: true,
    });
    if (may) {
      // Not requestSubmit: that would ask again.
      form.submit();
    }
  });
}
