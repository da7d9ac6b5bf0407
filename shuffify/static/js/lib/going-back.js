// Undo and restore: what undo does not bring back can be had by an exact restore, and that undone.
import { ask } from "./dialog.js";
import { explain } from "./next-step.js";
import { say } from "./notice.js";
import { lossInWords, tellSettled } from "./snapshots.js";
import { tellSteps, write } from "./writes.js";

export const undoAction = (playlist) => ({ label: "Undo", run: () => undo(playlist) });

export async function undo(playlist) {
  let answer;
  try {
    answer = await write(playlist, `/undo/${playlist.id}`, {}, "Undoing");
  } catch (error) {
    if (error.code === "nothing_to_undo") {
      tellSteps(playlist, 0);
    }
    explain(error, { playlist, retry: () => undo(playlist) });
    return;
  }
  if (answer !== null) {
    const { kept_added: kept, not_restored: missing, snapshot_id: id } = answer;
    const exact = { label: "Restore exactly", run: () => restore(playlist, id) };
    say(answer.message, playlist.name, kept + missing > 0 ? exact : null);
  }
}

function mayLose(answer) {
  return ask({
    title: "Restore without what cannot come back?",
    message:
      `${lossInWords(answer)} would leave the playlist for good, or cannot return to it: no app` +
      " can add them. Everything else is restored.",
    confirm: "Restore the rest",
    danger: true,
  });
}

// `calls` is told where the list is merely too long to be moved row by row: no consent helps.
const asksForLoss = ({ code, answer }) => code === "unwritable_rows" && answer.calls === null;

// `finished` is called when it worked or failed, before the user is told.
export async function restore(playlist, snapshotId, { acceptLoss = false, finished = () => {} } = {}) {
  let answer;
  try {
    const body = acceptLoss ? { accept_local_loss: true } : {};
    answer = await write(playlist, `/snapshots/${snapshotId}/restore`, body, "Restoring");
  } catch (error) {
    if (!asksForLoss(error)) {
      finished();
      explain(error, { playlist, retry: () => restore(playlist, snapshotId, { acceptLoss }) });
    } else if (await mayLose(error.answer)) {
      await restore(playlist, snapshotId, { acceptLoss: true, finished });
    }
    return;
  }
  finished();
  if (answer !== null) {
    tellSettled(snapshotId);
    say(answer.message, "", answer.category === "success" ? undoAction(playlist) : null);
  }
}
