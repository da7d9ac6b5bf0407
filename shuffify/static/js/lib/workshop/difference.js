// What differs between two lists of rows: the server's own count, but with the rows; pure.
// Rows are told apart by address alone; equal ones pair in order, and null rows equal each other.

// For each row its index in the other list; null when it has no place there.
function paired(before, after) {
  const places = Map.groupBy(after.keys(), (index) => after[index].track.uri);
  return before.map(({ track }) => places.get(track.uri)?.shift() ?? null);
}

// The indices of a longest increasing run of distinct values, gaps allowed.
export function longestIncreasing(values) {
  const ends = [];
  const previous = [];
  values.forEach((value, index) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[ends[middle]] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    previous.push(low > 0 ? ends[low - 1] : -1);
    ends[low] = index;
  });
  const run = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = previous[index]) {
    run.push(index);
  }
  return run.reverse();
}

// The rows that came, went, and have to be picked up to get from one order to the other.
export function compare(before, after) {
  const places = paired(before, after);
  const known = new Set(places.filter((place) => place !== null));
  const values = places.filter((place) => place !== null);
  const staying = new Set(longestIncreasing(values).map((index) => values[index]));
  return {
    added: after.filter((_, index) => !known.has(index)),
    removed: before.filter((_, index) => places[index] === null),
    moved: after.filter((_, index) => known.has(index) && !staying.has(index)),
  };
}

export const isNothing = ({ added, removed, moved }) =>
  added.length + removed.length + moved.length === 0;
