// Shuffles the playlist of its card with the algorithm of the menu, and says what changed.
import { readAlgorithm } from "../lib/algorithm.js";
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { fillCount, fillUndo } from "../lib/card.js";
import { say, warn } from "../lib/notice.js";

// The card may have been made anew since: its present button is looked for.
function pressUndo(playlist) {
  document.querySelector(`[data-slot="undo"][data-playlist="${playlist}"]`)?.click();
}

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const name = card.querySelector(".card-name");
  button.addEventListener("click", () => {
    const algorithm = readAlgorithm();
    if (algorithm === null) {
      return;
    }
    whileBusy(button, "Shuffling…", async () => {
      try {
        const answer = await post(`/shuffle/${button.dataset.playlist}`, algorithm);
        fillCount(card, answer.playlist.track_count);
        fillUndo(card, answer.undo_steps);
        const undo = { label: "Undo", run: () => pressUndo(button.dataset.playlist) };
        say(answer.message, name.textContent, answer.category === "success" ? undo : null);
      } catch (error) {
        warn(error.message, name.textContent);
      }
    });
  });
}
