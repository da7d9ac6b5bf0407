// What can be done with the selected rows; it is there while there are some.
import { announce } from "../lib/workshop/announce.js";
import { moveToRank, remove } from "../lib/workshop/moves.js";
import { askPosition } from "../lib/workshop/position.js";
import { select, watch, workshop } from "../lib/workshop/store.js";

const ACTS = {
  top: (keys) => moveToRank(keys, 0),
  bottom: (keys) => moveToRank(keys, Infinity),
  position: askPosition,
  remove,
  clear: () => select([]),
};

export function attach(bar) {
  const count = bar.querySelector('[data-slot="count"]');

  function show() {
    const { size } = workshop.selected;
    const words = size > 0 ? `${size.toLocaleString("en")} selected` : "";
    if (count.textContent !== words) {
      count.textContent = words;
      announce(words || "Nothing is selected.");
    }
    if (size === 0 && bar.contains(document.activeElement)) {
      document.querySelector('[data-behaviour="workshop-select"] input').focus();
    }
    bar.hidden = size === 0;
  }

  for (const [name, act] of Object.entries(ACTS)) {
    const button = bar.querySelector(`[data-slot="${name}"]`);
    button.addEventListener("click", () => act(new Set(workshop.selected)));
  }
  document.getElementById("workshop-rows").addEventListener("keydown", (event) => {
    const isSelecting = workshop.selected.size > 0 && workshop.lifted === null;
    if (event.key === "Delete" && isSelecting) {
      remove(new Set(workshop.selected));
    } else if (event.key === "Escape" && isSelecting && !event.defaultPrevented) {
      event.preventDefault();
      select([]);
    }
  });
  watch(["selected"], show);
}
