// Does what the buttons of the playlist cards say, and keeps the cards as the playlists are.
import { labelOf } from "../lib/algorithm.js";
import { cardOf, fillCount, fillUndo, playlistOf } from "../lib/card.js";
import { undo } from "../lib/going-back.js";
import { chosenFor, shuffle } from "../lib/shuffle.js";
import { openSnapshots } from "../lib/snapshots.js";

function chooseHow(playlist) {
  document.dispatchEvent(new CustomEvent("shuffify:choose-shuffle", { detail: playlist }));
}

const ACTIONS = {
  shuffle: (playlist) => shuffle(playlist, { chooseAnew: () => chooseHow(playlist) }),
  choose: chooseHow,
  undo,
  snapshots: openSnapshots,
};

function showUsual(card) {
  const name = chosenFor(playlistOf(card))?.algorithm_name;
  const label = name && labelOf(name);
  if (label) {
    card.querySelector('[data-slot="usual"]').textContent = label;
  }
}

export function attach(list) {
  list.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button !== null) {
      ACTIONS[button.dataset.do](playlistOf(button.closest(".card")));
    }
  });

  function keep(id, fill) {
    const card = cardOf(list, id);
    if (card !== null) {
      fill(card);
    }
  }

  document.addEventListener("shuffify:written", ({ detail: playlist }) =>
    keep(playlist.id, (card) => fillCount(card, playlist.track_count)),
  );
  document.addEventListener("shuffify:steps", ({ detail: { id, steps } }) =>
    keep(id, (card) => fillUndo(card, steps)),
  );

  const showAll = () => [...list.children].forEach(showUsual);
  document.addEventListener("shuffify:shuffle-chosen", showAll);
  list.addEventListener("shuffify:renewed", showAll);
  showAll();
}
