// Runs the schedule of its card now, shows how far it is, and offers to take it back.
import { postWatched } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { playlistOf } from "../lib/card.js";
import { undo } from "../lib/going-back.js";
import { say, warnOf } from "../lib/notice.js";
import { showProgress } from "../lib/progress.js";
import { renewSchedules } from "../lib/schedules.js";

export function attach(button) {
  const card = button.closest('[data-slot="card"]');

  async function watched(url) {
    const progress = showProgress(card, "Running");
    try {
      return await postWatched(url, {}, progress.report);
    } finally {
      progress.end();
    }
  }

  async function run() {
    const playlist = playlistOf(card);
    try {
      const { message, undoable } = await watched(`/schedules/${card.dataset.schedule}/run`);
      const goBack = () => whileBusy(button, "Undoing…", () => undo(playlist));
      say(message, "", undoable ? { label: "Undo", run: goBack } : null);
    } catch (error) {
      warnOf(error, playlist.name);
    }
    // A run that failed has left its outcome as well.
    await renewSchedules().catch(warnOf);
  }

  button.addEventListener("click", () => whileBusy(button, "Running…", run));
}
