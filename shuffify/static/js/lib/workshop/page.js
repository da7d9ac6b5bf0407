// The page's own facts: which playlist this is, and how its list is read.
import { get } from "../api.js";
import { makeRow, sameList } from "./rows.js";
import { load, workshop } from "./store.js";

const root = () => document.getElementById("workshop");

export const playlistId = () => root().dataset.playlist;
export const playlistName = () => document.getElementById("workshop-name").textContent;
export const thisPlaylist = () => ({ id: playlistId(), name: playlistName() });

// Without automatic snapshots a short write leaves no step: then the last one is an older change.
export const undoSteps = () => Number(root().dataset.undoSteps);
export const canUndo = () => undoSteps() > 0 && root().dataset.snapshots === "on";
export function setUndoSteps(steps) {
  root().dataset.undoSteps = steps;
}

// Rows that stand on the page already stay what they are: their elements, focus and selection.
export function rowsOf(playlist, known = workshop.rows) {
  const rows = playlist.tracks.map(makeRow);
  return sameList(rows, known) ? known : rows;
}

// A list that Spotify holds becomes the one that changes count from.
export function showPlaylist(playlist, rows = rowsOf(playlist)) {
  const { tracks: _, ...facts } = playlist;
  load(facts, rows);
}

export async function readPlaylist() {
  const { playlist } = await get(`/playlist/${playlistId()}`);
  return playlist;
}
