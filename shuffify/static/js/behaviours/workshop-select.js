// Selects rows: one by its box, a range with Shift, all that are in view, or the duplicates.
import { counted } from "../lib/card.js";
import { isShown } from "../lib/workshop/filter.js";
import { itemAround, keyOf } from "../lib/workshop/focus.js";
import { duplicatesIn, isFree } from "../lib/workshop/rows.js";
import { select, watch, workshop } from "../lib/workshop/store.js";

const selectable = () => workshop.rows.filter((row) => isFree(row) && isShown(row));

// The rows between two, both included, as they stand in view.
function between(one, other) {
  const keys = selectable().map((row) => row.key);
  const [from, to] = [keys.indexOf(one), keys.indexOf(other)].sort((a, b) => a - b);
  return from < 0 ? [other] : keys.slice(from, to + 1);
}

export function attach(tools) {
  const list = document.getElementById("workshop-rows");
  const all = tools.querySelector('[data-slot="all"]');
  const duplicates = tools.querySelector('[data-slot="duplicates"]');
  const count = tools.querySelector('[data-slot="duplicates-count"]');
  let last = null; // the row whose box was pressed last: ranges begin there
  let isRange = false;

  function show() {
    const rows = selectable();
    const chosen = rows.filter((row) => workshop.selected.has(row.key)).length;
    all.checked = chosen > 0 && chosen === rows.length;
    all.indeterminate = chosen > 0 && chosen < rows.length;
    const found = duplicatesIn(workshop.rows).size;
    count.textContent = `Select ${counted(found, "duplicate")}`;
    duplicates.hidden = found === 0;
  }

  function toggle(box) {
    const key = keyOf(itemAround(box));
    const keys = isRange && last !== null ? between(last, key) : [key];
    const chosen = new Set(workshop.selected);
    for (const each of keys) {
      chosen[box.checked ? "add" : "delete"](each);
    }
    last = key;
    select(chosen);
  }

  function selectAll() {
    const kept = [...workshop.selected];
    const shown = selectable().map((row) => row.key);
    const hidden = kept.filter((key) => !shown.includes(key));
    select(all.checked ? [...hidden, ...shown] : hidden);
  }

  // The change of a box comes right after its press, and does not tell of Shift.
  list.addEventListener("click", (event) => (isRange = event.shiftKey), { capture: true });
  // Sortable has an event of that name as well, and it is the list's.
  list.addEventListener("change", ({ target }) => target.matches("input") && toggle(target));
  list.addEventListener("keydown", (event) => {
    if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      select([...workshop.selected, ...selectable().map((row) => row.key)]);
    }
  });
  all.addEventListener("change", selectAll);
  duplicates.addEventListener("click", () => select(duplicatesIn(workshop.rows)));
  watch(["rows", "selected", "filter"], show);
}
