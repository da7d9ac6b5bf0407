// Takes back the last change of the playlist at Spotify, and shows what stands then.
import { postWatched } from "../api.js";
import { counted } from "../card.js";
import { ask } from "../dialog.js";
import { say, warnOf } from "../notice.js";
import { announce } from "./announce.js";
import { playlistId, playlistName, setUndoSteps, showPlaylist, undoSteps } from "./page.js";
import { isChanged, setWriting, tell, workshop } from "./store.js";

const UNSAVED = {
  title: "Undo the last change?",
  message:
    "This page has changes that are not saved. Undoing writes to Spotify and shows what stands" +
    " then; your changes are kept as a draft and offered to you again.",
  confirm: "Undo",
};

const removedSince = (count) => ({
  title: "Bring back what was removed, too?",
  message:
    `The order is undone. ${counted(count, "track")} removed since did not return; the exact list` +
    " of before has them all, and nothing that was added since.",
  confirm: "Bring back",
  cancel: "Leave it so",
});

async function write(url) {
  const report = (done, total) => announce(`Writing: ${done} of ${total}`);
  const answer = await postWatched(url, {}, report);
  setUndoSteps(answer.undo_steps);
  showPlaylist(answer.playlist);
  return answer;
}

// Undo keeps to what is there; the exact list of before is a restore, and asked for.
async function takeBack() {
  let answer = await write(`/undo/${playlistId()}`);
  if (answer.not_restored > 0 && (await ask(removedSince(answer.not_restored)))) {
    answer = await write(`/snapshots/${answer.snapshot_id}/restore`);
  }
  say(answer.message, playlistName());
}

export async function undoSave() {
  if (workshop.isWriting || (isChanged() && !(await ask(UNSAVED)))) {
    return;
  }
  setWriting(true);
  tell("leaving");
  try {
    await takeBack();
  } catch (error) {
    if (error.code === "nothing_to_undo") {
      setUndoSteps(0);
      tell("rows");
    }
    warnOf(error, playlistName());
  } finally {
    setWriting(false);
  }
}

// The button of a notice that says that something was saved.
export const undoingSave = () => (undoSteps() > 0 ? { label: "Undo", run: undoSave } : null);
