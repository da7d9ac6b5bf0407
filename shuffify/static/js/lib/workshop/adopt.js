// Makes a saved list of addresses the list of the page, without what no app can do; pure.
import { canLeave, isFree, rowsFor, withNullRows } from "./rows.js";

// Local files that are no longer in the playlist cannot come back, and those that are cannot
// leave: they stay, at the end.
export function adopted({ base, rows, uris, make }) {
  const here = new Set(rows.map((row) => row.key));
  const present = [...rows, ...base.filter((row) => !here.has(row.key))];
  const ours = new Set(present);
  const wanted = rowsFor(uris, present, make);
  const stray = wanted.filter((row) => !ours.has(row) && !canLeave(row));
  const list = wanted.filter((row) => !stray.includes(row));
  const chosen = new Set(list);
  const stuck = base.filter((row) => isFree(row) && !canLeave(row) && !chosen.has(row));
  return { rows: withNullRows(base, [...list, ...stuck]), stray, stuck };
}
