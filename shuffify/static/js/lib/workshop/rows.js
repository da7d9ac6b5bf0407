// The rows of a list and what can be done to their order: pure, nothing is shown or sent here.
//
// A row is { key, track }. Its key is its own, whatever it holds: two rows may hold one track.
// A null row (content that Spotify removed, no address) keeps its index, as it does at the
// server; all the others are ranked without it.

let made = 0;

export const makeRow = (track) => ({ key: (made += 1), track });

export const isNull = ({ track }) => track.uri === null;
export const isFree = (row) => !isNull(row);
// No app can add a local file or a null row back to a list, so neither may leave it.
export const canLeave = ({ track }) => track.uri !== null && !track.is_local;

export const urisOf = (rows) => rows.map((row) => row.track.uri);
export const freeUrisOf = (rows) => urisOf(rows.filter(isFree));

export const sameList = (one, other) =>
  one.length === other.length &&
  one.every(({ track }, index) => track.uri === other[index].track.uri);

// Puts the null rows of `base` among others: at their index, or at the end of a shorter list.
export function withNullRows(base, free) {
  const rows = [...free];
  base.forEach((row, index) => {
    if (isNull(row)) {
      rows.splice(index, 0, row);
    }
  });
  return rows;
}

// Moves the rows of these keys, together and in their order, to a rank among the other ones.
export function moved(base, rows, keys, rank) {
  const free = rows.filter(isFree);
  const rest = free.filter((row) => !keys.has(row.key));
  const moving = free.filter((row) => keys.has(row.key));
  return withNullRows(base, [...rest.slice(0, rank), ...moving, ...rest.slice(rank)]);
}

// The rank at which the first of the moved rows comes to stand at an index of the whole list.
export const rankAt = (rows, index) => rows.slice(0, Math.max(0, index)).filter(isFree).length;

// The rank one or more places on, of those that are shown; null where there is no such place.
export function rankBeside(rows, key, steps, isShown) {
  const free = rows.filter(isFree);
  const ways = free.filter((row) => row.key === key || isShown(row));
  const from = ways.findIndex((row) => row.key === key);
  const to = Math.min(ways.length - 1, Math.max(0, from + steps));
  if (from < 0 || to === from) {
    return null;
  }
  const rest = free.filter((row) => row.key !== key);
  return rest.indexOf(ways[to]) + (steps > 0 ? 1 : 0);
}

export function without(base, rows, keys) {
  return withNullRows(
    base,
    rows.filter((row) => isFree(row) && !(keys.has(row.key) && canLeave(row))),
  );
}

export function withAdded(base, rows, added, rank) {
  const free = rows.filter(isFree);
  return withNullRows(base, [...free.slice(0, rank), ...added, ...free.slice(rank)]);
}

// Puts the rows of these keys in another order, in the places that they have between them.
export function reordered(rows, order) {
  const keys = new Set(order.map((row) => row.key));
  const next = order.values();
  return rows.map((row) => (keys.has(row.key) ? next.next().value : row));
}

// Finds a row for each address, every row once; `make` is asked where none is left.
export function rowsFor(uris, rows, make) {
  const free = Map.groupBy(rows.filter(isFree), (row) => row.track.uri);
  return uris.map((uri) => free.get(uri)?.shift() ?? make(uri));
}

// The keys of rows whose track stands further up already.
export function duplicatesIn(rows) {
  const seen = new Set();
  const keys = new Set();
  for (const { key, track } of rows.filter(isFree)) {
    if (seen.has(track.uri)) {
      keys.add(key);
    }
    seen.add(track.uri);
  }
  return keys;
}
