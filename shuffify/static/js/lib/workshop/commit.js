// Writes the list to Spotify, and finds out what became of a write whose end was not heard.
import { postWatched } from "../api.js";
import { playlistId, readPlaylist, rowsOf, setUndoSteps, showPlaylist } from "./page.js";
import { freeUrisOf, sameList } from "./rows.js";
import { workshop } from "./store.js";

const MOST_TRIES = 3;
const LOOKED_EACH_MS = 1_500;
const LOOKS = 40;
// A write takes its lock, its snapshot and its first call before anything is to be seen of it.
const STEADY_LOOKS = 4;

// The server goes on with a write although nobody hears its end.
export const isUnheard = ({ code }) => ["network", "interrupted", "unreadable"].includes(code);

function settled(answer) {
  setUndoSteps(answer.undo_steps);
  showPlaylist(answer.playlist);
  return { kind: "saved", answer };
}

const clashed = (theirs) => ({ kind: "clashed", theirs });

// Another version may hold the list that is to be written, or the one that was read: then there
// is nothing to ask.
async function send(rows, read, report, tries = MOST_TRIES) {
  const body = { track_uris: freeUrisOf(rows), base_snapshot_id: read.version };
  try {
    return settled(await postWatched(`/workshop/${playlistId()}/commit`, body, report));
  } catch (error) {
    if (error.code !== "playlist_changed") {
      throw error;
    }
    const theirs = await readPlaylist();
    const found = rowsOf(theirs, []);
    if (sameList(found, rows)) {
      showPlaylist(theirs);
      return { kind: "saved", answer: null };
    }
    const isSame = sameList(found, read.rows) && tries > 1;
    return isSame
      ? send(rows, { ...read, version: theirs.snapshot_id }, report, tries - 1)
      : clashed(theirs);
  }
}

async function whileWriting(work) {
  workshop.isWriting = true;
  try {
    return await work();
  } finally {
    workshop.isWriting = false;
  }
}

// `read` is the list that was read, as { version, rows }. Returns { kind: "saved", answer } or
// { kind: "clashed", theirs }; throws ApiErrors.
export const commit = (rows, read, report) => whileWriting(() => send(rows, read, report));

const pause = () => new Promise((resolve) => setTimeout(resolve, LOOKED_EACH_MS));

// While a long write is under way the list cannot be read in one piece: that is told as null.
async function look() {
  try {
    return await readPlaylist();
  } catch {
    return null;
  }
}

// Looks until the list stands still. Returns what commit does, { kind: "unwritten" } when it
// stands as before, and { kind: "unknown" } when it could not be read for long.
export function follow(rows, read) {
  return whileWriting(async () => {
    let [version, steady] = ["", 0];
    for (let looks = 0; looks < LOOKS; looks += 1) {
      const found = await look();
      if (found !== null && sameList(rowsOf(found, []), rows)) {
        showPlaylist(found);
        return { kind: "saved", answer: null };
      }
      steady = found !== null && found.snapshot_id === version ? steady + 1 : 0;
      version = found?.snapshot_id ?? "";
      if (steady >= STEADY_LOOKS) {
        return sameList(rowsOf(found, []), read.rows) ? { kind: "unwritten" } : clashed(found);
      }
      await pause();
    }
    return { kind: "unknown" };
  });
}
