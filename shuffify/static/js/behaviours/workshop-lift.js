// Moves a row by keyboard: Space lifts it, the arrow keys, Home and End move it, Space drops it
// and Escape puts it back. Every place on the way is said aloud.
import { announce } from "../lib/workshop/announce.js";
import { isShown } from "../lib/workshop/filter.js";
import { itemAround, keyOf } from "../lib/workshop/focus.js";
import { indexOf, rowsOfKeys, sayWhere } from "../lib/workshop/moves.js";
import { moved, rankBeside } from "../lib/workshop/rows.js";
import { lift, settle, tryOut, workshop } from "../lib/workshop/store.js";
import { placeInWords, rowsInWords } from "../lib/workshop/words.js";

const STEPS = {
  ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity,
};

const isHandle = (element) => element.dataset?.control === "move";

export function attach(box) {
  let held = null; // the handle of the lifted row

  const key = () => keyOf(itemAround(held));
  const rows = () => rowsOfKeys(new Set([key()]));
  const where = () => placeInWords(indexOf(key()), workshop.rows.length);

  function begin(handle) {
    held = handle;
    lift();
    held.setAttribute("aria-pressed", "true");
    itemAround(held).classList.add("row-lifted");
    const keys = "The arrow keys move it, Space drops it, Escape puts it back.";
    announce(`Lifted ${rowsInWords(rows())}, ${where()}. ${keys}`);
  }

  function end(isKept) {
    const [handle, moving] = [held, rows()];
    held.setAttribute("aria-pressed", "false");
    itemAround(held).classList.remove("row-lifted");
    held = null;
    settle(isKept ? `Move ${rowsInWords(moving)}` : null);
    const item = itemAround(handle);
    item?.scrollIntoView({ block: "nearest" });
    sayWhere(moving, isKept ? "Dropped" : "Put back");
  }

  function move(steps) {
    const rank = rankBeside(workshop.rows, key(), steps, isShown);
    if (rank !== null) {
      tryOut(moved(workshop.base, workshop.rows, new Set([key()]), rank));
      itemAround(held).scrollIntoView({ block: "nearest" });
    }
    announce(`${rowsInWords(rows())}: ${where()}.`);
  }

  // A press by keyboard or by an assistive technology; the mouse drags.
  box.addEventListener("click", (event) => {
    const handle = event.target.closest("button");
    if (handle === null || !isHandle(handle) || event.detail > 0) {
      return;
    }
    held === null ? begin(handle) : end(true);
  });
  box.addEventListener("keydown", (event) => {
    if (held === null || event.target !== held) {
      return;
    }
    if (event.key === "Escape") {
      end(false);
    } else if (event.key in STEPS) {
      move(STEPS[event.key]);
    } else {
      return;
    }
    event.preventDefault();
  });
  // Whoever goes elsewhere has dropped it; the way back is Undo.
  box.addEventListener("focusout", (event) => {
    if (held !== null && event.target === held && event.relatedTarget !== null) {
      end(true);
    }
  });
}
