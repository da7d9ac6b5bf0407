// Which rows are in view. What is not keeps its place: a filter changes no order.
import { plain } from "../text.js";
import { tell } from "./store.js";
import { artistsOf, nameOf } from "./words.js";

let wanted = "";
const texts = new WeakMap();

function textOf(row) {
  if (!texts.has(row)) {
    texts.set(row, plain(`${nameOf(row)} ${artistsOf(row)} ${row.track.album_name ?? ""}`));
  }
  return texts.get(row);
}

export const isFiltered = () => wanted !== "";
export const isShown = (row) => wanted === "" || textOf(row).includes(wanted);

export function setFilter(text) {
  wanted = plain(text.trim());
  tell("filter");
}
