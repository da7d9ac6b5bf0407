// The menu of a row: what can be done with it without dragging. One menu serves all rows.
import { safeUrl } from "../lib/links.js";
import { openMenu, prepareMenu } from "../lib/menu.js";
import { focusControl, itemAround, itemOf, keyOf } from "../lib/workshop/focus.js";
import { moveBy, moveToRank, remove, rowsOfKeys } from "../lib/workshop/moves.js";
import { askPosition } from "../lib/workshop/position.js";
import { canLeave, isNull } from "../lib/workshop/rows.js";
import { nameOf } from "../lib/workshop/words.js";

const ACTS = {
  up: (keys) => moveBy([...keys][0], -1),
  down: (keys) => moveBy([...keys][0], 1),
  top: (keys) => moveToRank(keys, 0),
  bottom: (keys) => moveToRank(keys, Infinity),
  position: askPosition,
  remove,
};

function noteOn(row) {
  if (isNull(row)) {
    return "Spotify removed this track. Its row keeps its place; the Spotify app can delete it.";
  }
  return canLeave(row) ? "" : "A local file can move, but not leave: no app could put it back.";
}

function isOpenTo(row, act) {
  if (act === "open") {
    return safeUrl(row.track.url) !== null;
  }
  return act === "remove" ? canLeave(row) : !isNull(row);
}

export function attach(menu) {
  const acts = [...menu.querySelectorAll("[data-act]")];
  const note = menu.querySelector('[data-slot="note"]');
  let key = null;

  function fill(row) {
    for (const act of acts) {
      act.hidden = !isOpenTo(row, act.dataset.act);
    }
    menu.querySelector('[data-act="open"]').href = safeUrl(row.track.url) ?? "";
    note.textContent = noteOn(row);
    note.hidden = note.textContent === "";
    menu.setAttribute("aria-label", nameOf(row));
  }

  function choose(act) {
    menu.hidePopover();
    ACTS[act]?.(new Set([key]));
    const item = itemOf(key);
    // A dialog that was opened takes the focus, and gives it back to the row.
    if (item !== null && document.querySelector("dialog[open]") === null) {
      focusControl(item);
    }
  }

  prepareMenu(menu);
  document.getElementById("workshop-rows").addEventListener("click", (event) => {
    const button = event.target.closest('[data-control="more"]');
    if (button !== null) {
      key = keyOf(itemAround(button));
      fill(rowsOfKeys(new Set([key]))[0]);
      openMenu(menu, button);
    }
  });
  menu.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act]");
    if (act !== null) {
      choose(act.dataset.act);
    }
  });
}
