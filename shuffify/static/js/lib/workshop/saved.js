// Says that the list was saved, with the way back.
import { undoAction } from "../going-back.js";
import { say } from "../notice.js";
import { canUndo, playlistName, thisPlaylist } from "./page.js";

export function saySaved(answer) {
  const message = answer?.message ?? "The playlist holds your list now.";
  say(message, playlistName(), canUndo() ? undoAction(thisPlaylist()) : null);
}
