// What people do to the rows of the list, whether by menu, by keys or for a selection: one step
// each, said aloud, and with its row still under the focus.
import { say } from "../notice.js";
import { announce } from "./announce.js";
import { isShown } from "./filter.js";
import { canLeave, isFree, moved, rankAt, rankBeside, without } from "./rows.js";
import { edit, undo, workshop } from "./store.js";
import { placeInWords, rowsInWords } from "./words.js";

export const rowsOfKeys = (keys) => workshop.rows.filter((row) => keys.has(row.key));
export const indexOf = (key) => workshop.rows.findIndex((row) => row.key === key);

export function sayWhere(rows, verb) {
  const place = placeInWords(indexOf(rows[0].key), workshop.rows.length);
  announce(`${verb} ${rowsInWords(rows)}: now at ${place}.`);
}

export function moveToRank(keys, rank) {
  const rows = rowsOfKeys(keys).filter(isFree);
  if (rank === null || rows.length === 0) {
    return;
  }
  const wanted = moved(workshop.base, workshop.rows, keys, rank);
  if (edit(`Move ${rowsInWords(rows)}`, wanted)) {
    sayWhere(rows, "Moved");
  } else {
    announce(`${rowsInWords(rows)} cannot move further that way.`);
  }
}

export const moveToIndex = (keys, index) => moveToRank(keys, rankAt(workshop.rows, index));

export const moveBy = (key, steps) =>
  moveToRank(new Set([key]), rankBeside(workshop.rows, key, steps, isShown));

const KEPT = "Local files and tracks that Spotify removed stay: no app can put them back.";

export function remove(keys) {
  const chosen = rowsOfKeys(keys);
  const leaving = chosen.filter(canLeave);
  const kept = chosen.length - leaving.length;
  const why = kept > 0 ? ` ${KEPT}` : "";
  if (leaving.length === 0) {
    announce(`Nothing was removed.${why}`);
    say(`Nothing was removed.${why}`);
    return;
  }
  const words = rowsInWords(leaving);
  edit(`Remove ${words}`, without(workshop.base, workshop.rows, keys));
  say(`Removed ${words}.${why}`, "", undoing());
}

// The button of a notice; it takes back that step alone, not whatever came after it.
export function undoing() {
  const step = workshop.steps.past.at(-1);
  const run = () =>
    workshop.steps.past.at(-1) === step
      ? undo()
      : say("Other changes came after it: the Undo button takes them back one by one.");
  return { label: "Undo", run };
}
