// Opens the form of schedules: empty, or with the schedule of the card that it stands in.
import { whileBusy } from "../lib/busy.js";
import { openDialog } from "../lib/dialog.js";
import { warn, warnOf } from "../lib/notice.js";
import { fillForm, mayGiveUp } from "../lib/schedule-form.js";
import { cardOf, findSchedule, renewSchedules } from "../lib/schedules.js";

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const dialog = document.getElementById("schedule-dialog");

  async function open() {
    try {
      const schedule = card === null ? null : await findSchedule(card.dataset.schedule);
      if (card !== null && schedule === null) {
        warn("There is no such schedule any more: it was deleted elsewhere.");
        await renewSchedules();
        return;
      }
      fillForm(schedule);
    } catch (error) {
      warnOf(error);
      return;
    }
    openDialog(dialog, button, { mayClose: mayGiveUp }).then((saved) => {
      cardOf(saved)?.querySelector(".card-name").focus();
    });
  }

  button.addEventListener("click", () => whileBusy(button, "Opening…", open));
}
