// What snapshots are in words; and the way to the drawer that shows them.
import { counted } from "./card.js";

// A snapshot's id leads straight to it; the page has to include partials/snapshots_drawer.html.
export function openSnapshots({ id, name }, snapshotId = null) {
  const detail = { playlist: { id, name }, snapshotId };
  document.dispatchEvent(new CustomEvent("shuffify:snapshots", { detail }));
}

// It was restored or deleted: whoever still offers it takes that back.
export function tellSettled(snapshotId) {
  const detail = { snapshotId };
  document.dispatchEvent(new CustomEvent("shuffify:snapshot-settled", { detail }));
}

const KINDS = {
  manual: "Taken by hand",
  auto_pre_shuffle: "Before a shuffle",
  auto_pre_commit: "Before saving from the workshop",
  auto_pre_restore: "Before an undo or restore",
  auto_pre_raid: "Before adding from sources",
  scheduled_pre_execution: "Before a scheduled run",
};

export const kindOf = ({ snapshot_type: type }) => KINDS[type] ?? type;

// [text, whether it calls for attention]
export function marksOf({ write_state: state, restored_at: restored, undone_at: undone }) {
  const marks = [];
  if (state === "interrupted" && restored === null) {
    marks.push(["Change ended half-way", true]);
  } else if (state === "pending") {
    marks.push(["Change under way", false]);
  } else if (state === "void") {
    marks.push(["Change did not happen", false]);
  }
  if (restored !== null) {
    marks.push([undone === null ? "Restored since" : "Undone", false]);
  }
  return marks;
}

// "adds 3 tracks, removes 1 track and moves 214 tracks"; null when nothing would change.
export function changeInWords({ added, removed, moved }) {
  const parts = [["adds", added], ["removes", removed], ["moves", moved]]
    .filter(([, number]) => number > 0)
    .map(([verb, number]) => `${verb} ${counted(number, "track")}`);
  const last = parts.pop();
  return parts.length > 0 ? `${parts.join(", ")} and ${last}` : (last ?? null);
}

// What cannot come back is counted as added, and what stays as removed; told is what will be.
export const restorable = (diff, { missing, staying }) =>
  diff && { ...diff, added: diff.added - missing, removed: diff.removed - staying };

// All that a restore would do, from the counts of compareRows (lib/snapshot-rows.js).
export function outcomeInWords(diff, compared) {
  if (diff === null) {
    return "What a restore would change cannot be told: Spotify does not show the playlist now.";
  }
  const { missing, lost, staying } = compared;
  const change = changeInWords(restorable(diff, compared));
  const sentences = [change === null ? "The playlist stands like this now." : `A restore ${change}.`];
  if (missing > 0) {
    sentences.push(`${counted(missing, "row")} cannot come back.`);
  }
  if (lost > 0) {
    sentences.push(`${counted(lost, "row")} would leave for good.`);
  }
  if (staying > 0) {
    sentences.push(`${counted(staying, "row")} would stay, at the end.`);
  }
  if (missing + lost + staying > 0) {
    sentences.push("No app can add local files and removed tracks, or take out single ones.");
  }
  return sentences.join(" ");
}

// What becomes of the rows that no app can add: "2 local files would leave the playlist for good",
// "Of 2 local files and 1 removed track, 2 cannot return to the playlist and 1 would …".
export function lossInWords({ local_files: local, null_rows: gone, missing, leaving, staying }) {
  const told = (parts) => parts.filter(([number]) => number > 0);
  const what = told([[local, "local file"], [gone, "removed track"]])
    .map(([number, noun]) => counted(number, noun))
    .join(" and ");
  const outcomes = told([
    [missing, "cannot return to the playlist"],
    [leaving, "would leave the playlist for good"],
    [staying, "would stay, at the end"],
  ]);
  return outcomes.length === 1
    ? `${what} ${outcomes[0][1]}`
    : `Of ${what}, ${outcomes.map(([number, fate]) => `${number} ${fate}`).join(" and ")}`;
}

// Spotify does not always say which row it is: "at least one of 12 rows".
export function unknownInWords(uris) {
  const what = uris.length === 1 ? uris[0] : `at least one of ${counted(uris.length, "row")}`;
  return `Spotify does not know ${what} any more`;
}
