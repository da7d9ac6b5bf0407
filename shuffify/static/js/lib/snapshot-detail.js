// One snapshot: what a restore would do, its rows, and the ways to restore and to delete it.
import { del } from "./api.js";
import { whileBusy } from "./busy.js";
import { counted } from "./card.js";
import { ask } from "./dialog.js";
import { restore } from "./going-back.js";
import { fillMarks } from "./snapshot-list.js";
import { compareRows, fillRows } from "./snapshot-rows.js";
import { changeInWords, kindOf, outcomeInWords, restorable, tellSettled } from "./snapshots.js";
import { fillTime, localTime } from "./time.js";
import { tellSteps } from "./writes.js";

function askToRestore(playlist, { snapshot, undoable }, diff) {
  const { track_count: count, created_at: iso } = snapshot;
  const change = diff && changeInWords(diff);
  const what = `“${playlist.name}” becomes exactly what it was on ${localTime(iso)}: ${counted(count, "track")}.`;
  const way = undoable
    ? "It can be undone."
    : "Automatic snapshots are switched off: a short change cannot be undone.";
  return ask({
    title: "Restore this snapshot?",
    message: `${what}${change ? ` This ${change}.` : ""} ${way}`,
    confirm: "Restore",
  });
}

function askToDelete({ created_at: iso, undone_at: undone, write_state: state }) {
  const isStep = state === "applied" && undone === null;
  const loss = isStep ? " Undo then leaves out that step." : "";
  return ask({
    title: "Delete this snapshot?",
    message: `The order of ${localTime(iso)} is deleted here; the playlist stays as it is.${loss}`,
    confirm: "Delete",
    danger: true,
  });
}

// Returns the change that a restore would make; null where nobody can tell.
function fill(container, { snapshot, diff, standing }) {
  container.replaceChildren(document.getElementById("snapshot-detail").content.cloneNode(true));
  const slot = (name) => container.querySelector(`[data-slot="${name}"]`);
  slot("kind").textContent = kindOf(snapshot);
  fillTime(container.querySelector("time"), snapshot.created_at);
  slot("why").textContent = snapshot.trigger_description ?? "";
  fillMarks(slot("marks"), snapshot);
  const count = counted(snapshot.track_count, "track");
  slot("count").textContent = standing === null ? count : `${count}, and where they are now`;
  const compared = compareRows(snapshot.track_uris, standing);
  const { rows, leaving } = compared;
  slot("diff").textContent = outcomeInWords(diff, compared);
  slot("leaving").hidden = leaving.length === 0;
  fillRows(slot("leaving").querySelector("ul"), leaving);
  fillRows(slot("rows"), rows);
  return restorable(diff, compared);
}

// `back` is told what to say beside the list, `trouble` an error, `close` when a restore ended.
export function showDetail(container, answer, { playlist, back, trouble, close }) {
  const { snapshot } = answer;
  const diff = fill(container, answer);
  const button = (what) => container.querySelector(`[data-do="${what}"]`);

  async function remove() {
    if (!(await askToDelete(snapshot))) {
      return;
    }
    try {
      const { message, undo_steps: steps } = await del(`/snapshots/${snapshot.id}`);
      tellSettled(snapshot.id);
      tellSteps(playlist, steps);
      await back(message);
    } catch (error) {
      trouble(error, remove);
    }
  }

  // Who closed the drawer meanwhile may have opened it for something else.
  const mine = container.firstElementChild;
  const finished = () => {
    if (mine.isConnected && !container.hidden) {
      close();
    }
  };

  async function goBack() {
    if (await askToRestore(playlist, answer, diff)) {
      await restore(playlist, snapshot.id, { finished });
    }
  }

  button("back").addEventListener("click", () => back());
  button("restore").addEventListener("click", () =>
    whileBusy(button("restore"), "Restoring…", goBack),
  );
  button("delete").addEventListener("click", () => whileBusy(button("delete"), "Deleting…", remove));
  container.querySelector("#snapshot-title").focus();
}
