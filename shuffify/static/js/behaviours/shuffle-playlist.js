// Shuffles the playlist of its card with the algorithm of the menu, and says what changed.
import { readAlgorithm } from "../lib/algorithm.js";
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { fillCount } from "../lib/card.js";
import { say, warn } from "../lib/notice.js";

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
        say(answer.message, name.textContent);
      } catch (error) {
        warn(error.message, name.textContent);
      }
    });
  });
}
