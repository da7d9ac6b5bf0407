// Puts tracks that were found into the list, where the page's choice says.
import { say } from "../notice.js";
import { meet } from "./known.js";
import { undoing } from "./moves.js";
import { isFree, makeRow, withAdded } from "./rows.js";
import { edit, workshop } from "./store.js";
import { placeInWords, rowsInWords } from "./words.js";

export const canAdd = (track) => track.uri !== null && !track.is_local;

// The rank of the first new row.
function rankOf(where) {
  const free = workshop.rows.filter(isFree);
  const last = free.findLastIndex((row) => workshop.selected.has(row.key));
  if (where === "selection" && last >= 0) {
    return last + 1;
  }
  return where === "top" ? 0 : free.length;
}

export function add(tracks) {
  const added = tracks.filter(canAdd).map(makeRow);
  if (added.length === 0) {
    return;
  }
  meet(tracks);
  const rank = rankOf(document.getElementById("add-where").value);
  const words = rowsInWords(added);
  edit(`Add ${words}`, withAdded(workshop.base, workshop.rows, added, rank));
  const place = placeInWords(workshop.rows.indexOf(added[0]), workshop.rows.length);
  say(`Added ${words} at ${place}. Nothing is saved yet.`, "", undoing());
}
