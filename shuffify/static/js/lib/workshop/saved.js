// Says that the list was saved, with the way back.
import { undoAction } from "../going-back.js";
import { say } from "../notice.js";
import { canUndo, playlistName, thisPlaylist } from "./page.js";

// Without an answer the end of the write was not heard: the page has to guess.
export function saySaved(answer) {
  const undoable = answer?.undoable ?? canUndo();
  const message = answer?.message ?? "The playlist holds your list now.";
  say(message, playlistName(), undoable ? undoAction(thisPlaylist()) : null);
}
