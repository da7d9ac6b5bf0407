// Saved lists at the server, and what of them can be shown here.
import { del, get, post, put } from "../api.js";
import { counted } from "../card.js";
import { adopted } from "./adopt.js";
import { keepKnown, trackOf } from "./known.js";
import { playlistId } from "./page.js";
import { freeUrisOf, makeRow } from "./rows.js";
import { edit, workshop } from "./store.js";

const url = () => `/workshop/${playlistId()}/sessions`;
const urlOf = (id) => `/workshop/sessions/${id}`;

// Only addresses are saved: names of what is not in the playlist are kept in this browser.
function listed() {
  const here = new Set(workshop.base);
  keepKnown(workshop.rows.filter((row) => !here.has(row)).map((row) => row.track));
  return freeUrisOf(workshop.rows);
}

export const listSessions = async () => (await get(url())).sessions;
export const saveSession = (name) => post(url(), { session_name: name, track_uris: listed() });
export const updateSession = (id) => put(urlOf(id), { track_uris: listed() });
export const renameSession = (id, name) => put(urlOf(id), { session_name: name });
export const deleteSession = (id) => del(urlOf(id));

function exceptionsInWords({ stray, stuck }) {
  const sentences = [
    [stray, "cannot come back and", "left out"],
    [stuck, "cannot leave the playlist and", "at the end"],
  ];
  return sentences
    .filter(([rows]) => rows.length > 0)
    .map(([rows, why, where]) =>
      ` ${counted(rows.length, "local file")} ${why} ${rows.length === 1 ? "is" : "are"} ${where}.`)
    .join("");
}

// A step like any other: what stood before comes back with Undo. Returns what there is to say.
export async function openSession(id) {
  const { session } = await get(urlOf(id));
  const { base, rows } = workshop;
  const make = (uri) => makeRow(trackOf(uri));
  const found = adopted({ base, rows, uris: session.track_uris, make });
  const name = `“\u2068${session.session_name}\u2069”`;
  const isNew = edit(`Open ${name}`, found.rows);
  const words = isNew ? `${name} is open. Nothing is written yet.` : `It stands as in ${name}.`;
  return `${words}${exceptionsInWords(found)}`;
}
