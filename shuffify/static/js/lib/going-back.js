// Undo and restore: what undo does not bring back can be had by an exact restore, and that undone.
import { ask } from "./dialog.js";
import { explain } from "./next-step.js";
import { say } from "./notice.js";
import { lossInWords, tellSettled, unknownInWords } from "./snapshots.js";
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

// What may be lost, each with what to ask first and the field that says yes.
const LOSSES = [
  {
    // `calls` is told where the list is merely too long to be moved row by row: no consent helps.
    fits: ({ calls }) => calls === null,
    field: "accept_local_loss",
    title: "Restore without what cannot come back?",
    message: (answer) =>
      `${lossInWords(answer)}: no app can add local files and removed tracks, or take out single` +
      " ones. Everything else is restored.",
  },
  {
    fits: ({ unknown_uris: uris }) => uris !== undefined,
    field: "accept_unknown_loss",
    title: "Restore without what Spotify no longer knows?",
    message: ({ unknown_uris: uris }) =>
      `${unknownInWords(uris)}, so it cannot return to the playlist. Everything else is restored.`,
  },
];

const lossOf = ({ code, answer }) =>
  code === "unwritable_rows" ? LOSSES.find(({ fits }) => fits(answer)) : undefined;

const mayLose = ({ title, message }, answer) =>
  ask({ title, message: message(answer), confirm: "Restore the rest", danger: true });

// `finished` is called when it worked or failed, before the user is told.
export async function restore(playlist, snapshotId, { consent = {}, finished = () => {} } = {}) {
  let answer;
  try {
    answer = await write(playlist, `/snapshots/${snapshotId}/restore`, consent, "Restoring");
  } catch (error) {
    const loss = lossOf(error);
    if (loss === undefined || consent[loss.field]) {
      finished();
      explain(error, { playlist, retry: () => restore(playlist, snapshotId, { consent }) });
    } else if (await mayLose(loss, error.answer)) {
      await restore(playlist, snapshotId, { consent: { ...consent, [loss.field]: true }, finished });
    }
    return;
  }
  finished();
  if (answer !== null) {
    tellSettled(snapshotId);
    say(answer.message, "", answer.undoable ? undoAction(playlist) : null);
  }
}
