// Takes back the last change of the playlist of its card, and says what came of it.
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { fillCount, fillUndo } from "../lib/card.js";
import { say, warn } from "../lib/notice.js";

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const name = card.querySelector(".card-name");

  async function undo() {
    try {
      const answer = await post(`/undo/${button.dataset.playlist}`);
      fillCount(card, answer.playlist.track_count);
      fillUndo(card, answer.undo_steps);
      say(answer.message, name.textContent);
    } catch (error) {
      if (error.code === "nothing_to_undo") {
        fillUndo(card, 0);
      }
      warn(error.message, name.textContent);
    }
  }

  button.addEventListener("click", () => whileBusy(button, "Undoing…", undo));
}
