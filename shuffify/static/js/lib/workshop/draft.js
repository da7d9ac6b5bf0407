// Unsaved work as a text: which rows of the list that it began with, in which order, and what was
// added; pure. The list that it began with goes along, to see later what others did meanwhile.
import { merge } from "./merge.js";
import { makeRow, rowsFor, sameList } from "./rows.js";

const shortOf = ({ track: { uri, name, artists, is_local: isLocal } }) =>
  [uri, name, artists.map((artist) => artist.name), isLocal];

const UNKNOWN = {
  id: null, type: "track", album_name: null, album_image_url: null, duration_ms: null,
  explicit: false, is_playable: true, url: null,
};

const trackOf = ([uri, name, artists, isLocal]) =>
  ({ ...UNKNOWN, uri, name, artists: artists.map((each) => ({ name: each })), is_local: isLocal });

// A row of the base is its index there, any other one the whole track.
export function pack(base, rows) {
  const places = new Map(base.map((row, index) => [row.key, index]));
  return {
    base: base.map(shortOf),
    rows: rows.map((row) => places.get(row.key) ?? row.track),
  };
}

// Rows that still stand in the list are those of the list.
function unpack(draft, present) {
  const shorts = new Map(draft.base.map((short) => [short[0], short]));
  const uris = draft.base.map(([uri]) => uri);
  const free = rowsFor(uris.filter((uri) => uri !== null), present, (uri) =>
    makeRow(trackOf(shorts.get(uri)))).values();
  const nulls = present.filter(({ track }) => track.uri === null).values();
  const base = uris.map((uri) =>
    uri === null
      ? (nulls.next().value ?? makeRow({ ...trackOf([null, "", [], false]), is_playable: false }))
      : free.next().value);
  const mine = draft.rows.map((each) => (typeof each === "number" ? base[each] : makeRow(each)));
  return { base, mine };
}

// Brings a draft onto the list as it stands now; what others did since is kept.
export function onto(present, draft) {
  const { base, mine } = unpack(draft, present);
  return sameList(base, present)
    ? { rows: mine, joined: [], left: [], base }
    : { ...merge({ base, mine, theirs: present }), base };
}
