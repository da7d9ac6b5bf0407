// Saves the schedule that its form describes; errors stand beside the fields, all of them.
import { post, put } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { clearErrors, showError } from "../lib/form.js";
import { say, warnOf } from "../lib/notice.js";
import { readForm, renewSources, showParts } from "../lib/schedule-form.js";
import { renewSchedules } from "../lib/schedules.js";

export function attach(form) {
  const dialog = form.closest("dialog");

  async function save() {
    clearErrors(form);
    const id = form.dataset.schedule;
    let answer;
    try {
      answer = await (id === ""
        ? post("/schedules/create", readForm())
        : put(`/schedules/${id}`, readForm()));
    } catch (error) {
      showError(form, error);
      if (error.code === "not_found") {
        // Deleted elsewhere: what was typed stays for a new one, the card does not.
        await renewSchedules().catch(warnOf);
      }
      return;
    }
    await renewSchedules().catch(warnOf);
    dialog.close(String(answer.schedule.id));
    say(answer.message);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form.querySelector('[data-slot="save"]'), "Saving…", save);
  });
  form.addEventListener("change", showParts);
  // Only people cause `input`: what fillForm puts in does not.
  form.addEventListener("input", () => {
    form.dataset.touched = "";
  });
  form.elements.target_playlist_id.addEventListener("change", () => renewSources([]));
}
