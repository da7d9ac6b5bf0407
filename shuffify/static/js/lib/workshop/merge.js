// Brings together what two people did to one list since it was last the same for both; pure.
import { compare } from "./difference.js";
import { canLeave, isFree, withNullRows } from "./rows.js";

function counted(rows) {
  const counts = new Map();
  for (const { track } of rows) {
    counts.set(track.uri, (counts.get(track.uri) ?? 0) + 1);
  }
  return (uri) => counts.get(uri) ?? 0;
}

// Keeps the first `most(uri)` rows of each address.
function atMost(rows, most) {
  const left = new Map();
  return rows.filter(({ track: { uri } }) => {
    const room = left.get(uri) ?? most(uri);
    left.set(uri, room - 1);
    return room > 0;
  });
}

// Mine in my order, then the rows that they added. Rows that they removed leave as well, unless
// `keepRemoved`; a local file leaves in any case, for nobody can bring it back. A track that
// both added comes once, and one that both removed goes once.
export function merge({ base, mine, theirs }, { keepRemoved = false } = {}) {
  const [inBase, inMine, inTheirs] = [base, mine, theirs].map(counted);
  const newInMine = (uri) => Math.max(0, inMine(uri) - inBase(uri));
  const newInTheirs = (uri) => Math.max(0, inTheirs(uri) - inBase(uri));
  const stays = (row) => keepRemoved && canLeave(row);

  const allowed = (uri) =>
    inTheirs(uri) < inBase(uri)
      ? Math.min(inMine(uri), inTheirs(uri) + newInMine(uri))
      : inMine(uri);
  const free = mine.filter(isFree);
  const kept = new Set(atMost(free, allowed));
  const left = free.filter((row) => !kept.has(row) && !stays(row));
  const gone = new Set(left);

  const theirNew = compare(base, theirs).added.filter(isFree);
  const joined = atMost(theirNew, (uri) => newInTheirs(uri) - newInMine(uri));
  const rows = [...free.filter((row) => !gone.has(row)), ...joined];
  return { rows: withNullRows(theirs, rows), joined, left };
}
