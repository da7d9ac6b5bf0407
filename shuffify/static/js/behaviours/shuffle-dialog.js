// Asks how one playlist is to be shuffled, keeps the choice, and shuffles.
import { readAlgorithm, showAlgorithm } from "../lib/algorithm.js";
import { openDialog } from "../lib/dialog.js";
import { choose, chosenFor, shuffle } from "../lib/shuffle.js";

export function attach(dialog) {
  const form = dialog.querySelector("form");
  const seed = document.getElementById("seed");
  let playlist = null;

  async function open(wanted) {
    playlist = wanted;
    dialog.querySelector('[data-slot="name"]').textContent = playlist.name;
    showAlgorithm(chosenFor(playlist));
    await openDialog(dialog);
  }

  function submit(event) {
    event.preventDefault();
    // A browser can point at no field that is folded away.
    seed.closest("details").open ||= !seed.validity.valid;
    const choice = readAlgorithm();
    if (choice === null || !seed.reportValidity()) {
      return;
    }
    const again = playlist;
    choose(playlist, choice);
    document.dispatchEvent(new CustomEvent("shuffify:shuffle-chosen"));
    dialog.close("shuffle");
    shuffle(playlist, {
      seed: seed.value === "" ? null : seed.valueAsNumber,
      chooseAnew: () => open(again),
    });
  }

  form.addEventListener("submit", submit);
  document.addEventListener("shuffify:choose-shuffle", ({ detail }) => open(detail));
}
