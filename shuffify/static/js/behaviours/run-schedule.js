// Runs the schedule of its card now, shows how far it is, and offers to take it back.
import { postWatched } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { say, warnOf } from "../lib/notice.js";
import { showProgress } from "../lib/progress.js";
import { renewSchedules } from "../lib/schedules.js";

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const name = card.querySelector(".card-name");

  async function watched(url, label) {
    const progress = showProgress(card, label);
    try {
      return await postWatched(url, {}, progress.report);
    } finally {
      progress.end();
    }
  }

  async function undo() {
    try {
      const { message } = await watched(`/undo/${card.dataset.playlist}`, "Undoing");
      say(message, name.textContent);
    } catch (error) {
      warnOf(error, name.textContent);
    }
  }

  async function run() {
    try {
      const { message, undoable } = await watched(
        `/schedules/${card.dataset.schedule}/run`,
        "Running",
      );
      const action = { label: "Undo", run: () => whileBusy(button, "Undoing…", undo) };
      say(message, "", undoable ? action : null);
    } catch (error) {
      warnOf(error, name.textContent);
    }
    // A run that failed has left its outcome as well.
    await renewSchedules().catch(warnOf);
  }

  button.addEventListener("click", () => whileBusy(button, "Running…", run));
}
