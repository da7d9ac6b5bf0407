// Shows the list; the Tab key reaches one row of it, and the arrow keys walk from row to row.
import { isShown } from "../lib/workshop/filter.js";
import { focusControl, inView, itemAround, takeTab } from "../lib/workshop/focus.js";
import { showList } from "../lib/workshop/list-view.js";
import { watch, workshop } from "../lib/workshop/store.js";

const STEPS = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 };

function walk(event) {
  const item = itemAround(event.target);
  if (item === null || workshop.lifted !== null || event.altKey || event.ctrlKey || event.metaKey) {
    return;
  }
  const items = inView();
  const steps = STEPS[event.key] ?? { Home: -items.length, End: items.length }[event.key];
  if (steps === undefined) {
    return;
  }
  event.preventDefault();
  const to = Math.min(items.length - 1, Math.max(0, items.indexOf(item) + steps));
  focusControl(items[to], event.target.dataset.control);
}

export function attach(list) {
  const isSelected = (key) => workshop.selected.has(key);
  const view = showList(list, document.getElementById("workshop-row"), { isShown, isSelected });

  // The row with the focus may go: the one in its place takes it, or else the page does.
  function show() {
    const item = itemAround(document.activeElement);
    const { control } = document.activeElement.dataset;
    const index = item === null ? -1 : inView().indexOf(item);
    view.show(workshop.rows);
    const items = inView();
    if (index >= 0 && !items.includes(item)) {
      const next = items[Math.min(index, items.length - 1)];
      next ? focusControl(next, control) : document.getElementById("main").focus();
    } else if (item !== null && document.activeElement === document.body) {
      focusControl(item, control);
    }
    if (items.length > 0 && list.querySelector('[data-control][tabindex="0"]') === null) {
      takeTab(items[0]);
    }
  }

  watch(["loaded"], () => view.forget([...workshop.rows, ...workshop.base]));
  watch(["rows", "filter"], show);
  watch(["selected"], view.select);
  list.addEventListener("keydown", walk);
  list.addEventListener("focusin", (event) => takeTab(itemAround(event.target)));
  // Covers that cannot be loaded leave their placeholder; errors of images do not bubble.
  list.addEventListener("error", (event) => (event.target.hidden = true), { capture: true });
}
