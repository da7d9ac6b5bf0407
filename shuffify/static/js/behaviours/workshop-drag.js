// Drags rows by their handle, with mouse, pen or finger; a selected row takes the others along.
import Sortable from "../../vendor/sortable/sortable.esm.js";
import { keyOf } from "../lib/workshop/focus.js";
import { rowsOfKeys, sayWhere } from "../lib/workshop/moves.js";
import { isFree, moved } from "../lib/workshop/rows.js";
import { edit, tell, workshop } from "../lib/workshop/store.js";
import { rowsInWords } from "../lib/workshop/words.js";

function draggedWith(item) {
  const key = keyOf(item);
  return workshop.selected.has(key) ? new Set(workshop.selected) : new Set([key]);
}

// The rows that stand above it and stay where they are.
function rankOf(item, keys) {
  const items = [...item.parentElement.children];
  const above = items.slice(0, items.indexOf(item));
  const free = new Set(workshop.rows.filter(isFree).map((row) => row.key));
  return above.map(keyOf).filter((key) => free.has(key) && !keys.has(key)).length;
}

function mark(list, keys, isDragged) {
  for (const item of list.children) {
    item.classList.toggle("row-along", isDragged && keys.size > 1 && keys.has(keyOf(item)));
  }
}

// SortableJS swallows the first click after a drag, which belongs to the drag when the browser
// makes one of it. Where it does not, somebody's next press would be lost.
function spendSwallowedClick() {
  setTimeout(() => document.dispatchEvent(new MouseEvent("click")));
}

export function attach(box) {
  const list = box.querySelector("#workshop-rows");
  Sortable.create(list, {
    handle: ".row-handle",
    draggable: ".row",
    filter: ".row-null",
    preventOnFilter: false,
    animation: 0,
    forceFallback: true,
    fallbackOnBody: true,
    fallbackTolerance: 4,
    fallbackClass: "row-ghost",
    ghostClass: "row-gap",
    scrollSensitivity: 90,
    scrollSpeed: 18,
    onChoose({ item }) {
      const { size } = draggedWith(item);
      item.dataset.along = size > 1 ? size.toLocaleString("en") : "";
    },
    onStart({ item }) {
      mark(list, draggedWith(item), true);
    },
    onEnd({ item }) {
      spendSwallowedClick();
      const keys = draggedWith(item);
      const rows = rowsOfKeys(keys).filter(isFree);
      mark(list, keys, false);
      const wanted = moved(workshop.base, workshop.rows, keys, rankOf(item, keys));
      if (edit(`Move ${rowsInWords(rows)}`, wanted)) {
        sayWhere(rows, "Dropped");
      } else {
        // The element may stand elsewhere than its row does.
        tell("rows");
      }
    },
  });
}
