// Keeps the elements of the list in step with its rows: the fewest moves, new ones in chunks.
import { longestIncreasing } from "./difference.js";
import { makeItem, markSelected, refreshItem } from "./row-view.js";
import { duplicatesIn } from "./rows.js";

const CHUNK = 120;

// An element keeps its focus only where browsers can move it without taking it out.
function place(list, item, before) {
  if (item.isConnected && list.moveBefore) {
    list.moveBefore(item, before);
  } else {
    list.insertBefore(item, before);
  }
}

// Takes out what is not wanted, and moves as few as can be of what stays.
function arrange(list, wanted) {
  const staying = new Set(wanted);
  for (const item of [...list.children].filter((each) => !staying.has(each))) {
    item.remove();
  }
  const places = new Map([...list.children].map((item, index) => [item, index]));
  const present = wanted.filter((item) => places.has(item));
  const run = longestIncreasing(present.map((item) => places.get(item)));
  const fixed = new Set(run.map((index) => present[index]));
  let next = null;
  for (const item of wanted.toReversed()) {
    if (!fixed.has(item)) {
      place(list, item, next);
    }
    next = item;
  }
}

// `isShown` and `isSelected` are asked about rows whenever they are put on the page.
export function showList(list, template, { isShown, isSelected }) {
  const items = new Map(); // by the key of the row
  let frame = 0;

  function itemOf(row) {
    let item = items.get(row.key);
    if (item === undefined) {
      item = makeItem(template, row);
      items.set(row.key, item);
    }
    return item;
  }

  function put(rows, shown) {
    const duplicates = duplicatesIn(rows);
    const visible = rows.slice(0, shown);
    arrange(list, visible.map(itemOf));
    visible.forEach((row, index) => {
      const item = itemOf(row);
      refreshItem(item, { index, isDuplicate: duplicates.has(row.key), isShown: isShown(row) });
      markSelected(item, isSelected(row.key));
    });
  }

  function grow(rows, shown) {
    put(rows, shown);
    const isWhole = shown >= rows.length;
    list.setAttribute("aria-busy", String(!isWhole));
    frame = isWhole ? 0 : requestAnimationFrame(() => grow(rows, shown + CHUNK));
  }

  // A list that is new is built in chunks; a change of it shows at once, or what has the focus
  // might be among what is still to come.
  function show(rows) {
    const isNew = !rows.some((row) => items.has(row.key));
    cancelAnimationFrame(frame);
    grow(rows, isNew ? CHUNK : rows.length);
  }

  function forget(rows) {
    const here = new Set(rows.map((row) => row.key));
    for (const key of [...items.keys()].filter((each) => !here.has(each))) {
      items.delete(key);
    }
  }

  function select() {
    for (const [key, item] of items) {
      markSelected(item, isSelected(key));
    }
  }

  return { show, select, forget, itemOf: (key) => items.get(key) ?? null };
}
