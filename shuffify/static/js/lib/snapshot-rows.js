// The rows of a snapshot beside those of the list as it stands: names, and where each is now.
import { safeUrl } from "./links.js";

const ROWS_A_FRAME = 100;
const SPOTIFY = /^spotify:(track|episode):([A-Za-z0-9]{22})$/;
const LOCAL = "spotify:local:";

function words(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

// Names of what the list does not hold any more are nowhere to be read: the link tells them.
function describe(uri, track) {
  if (uri === null) {
    return { name: "A track that Spotify removed", artists: "", url: null };
  }
  if (track?.name) {
    const artists = track.artists.map(({ name }) => name).join(", ");
    return { name: track.name, artists, url: safeUrl(track.url) };
  }
  if (uri.startsWith(LOCAL)) {
    const [artist, , title] = uri.slice(LOCAL.length).split(":").map(words);
    return { name: title || "A local file", artists: artist ?? "", url: null };
  }
  const [, kind, id] = SPOTIFY.exec(uri) ?? [];
  const url = id ? `https://open.spotify.com/${kind}/${id}` : null;
  return { name: kind ? `${kind} ${id}` : uri, artists: "", url };
}

const isWritable = (uri) => uri !== null && !uri.startsWith(LOCAL);

const number = (index) => (index + 1).toLocaleString("en");

// Pairs equal rows in order: `rows` of the snapshot, and those `leaving` that only stand now. Of
// what no app can add, `missing` cannot come back; the others leave for good (`lost`), or stay
// (`staying`) where the snapshot holds some of those that stand: single ones cannot be taken out.
export function compareRows(uris, standing) {
  const tracks = new Map((standing ?? []).map((track) => [track.uri, track]));
  const places = Map.groupBy((standing ?? []).keys(), (index) => standing[index].uri);
  let missing = 0;
  let anchored = false;

  function placeOf(uri, index) {
    const now = places.get(uri)?.shift();
    anchored ||= now !== undefined && !isWritable(uri);
    if (standing === null || now === index) {
      return "";
    }
    if (now !== undefined) {
      return `now ${number(now)}`;
    }
    missing += isWritable(uri) ? 0 : 1;
    return isWritable(uri) ? "comes back" : "cannot come back";
  }

  const rows = uris.map((uri, index) => ({
    ...describe(uri, tracks.get(uri)),
    place: placeOf(uri, index),
  }));
  const left = [...places.values()].flat().sort((one, other) => one - other);
  const stays = (index) => anchored && !isWritable(standing[index].uri);
  const leaving = left.map((index) => ({
    ...describe(standing[index].uri, standing[index]),
    place: `now ${number(index)}${stays(index) ? ", stays" : ""}`,
  }));
  const stuck = left.filter((index) => !isWritable(standing[index].uri)).length;
  return { rows, leaving, missing, lost: anchored ? 0 : stuck, staying: anchored ? stuck : 0 };
}

function makeRow({ name, artists, url, place }) {
  const template = document.getElementById("snapshot-row");
  const row = template.content.firstElementChild.cloneNode(true);
  const slot = (wanted) => row.querySelector(`[data-slot="${wanted}"]`);
  slot("name").textContent = name;
  if (url !== null) {
    slot("name").href = url;
  }
  slot("artists").textContent = artists;
  slot("place").textContent = place;
  return row;
}

// A few at a time, so that thousands of rows hold nothing up; stops when the list has left the page.
export function fillRows(list, rows) {
  list.append(...rows.slice(0, ROWS_A_FRAME).map(makeRow));
  if (rows.length > ROWS_A_FRAME) {
    requestAnimationFrame(() => list.isConnected && fillRows(list, rows.slice(ROWS_A_FRAME)));
  }
}
