// Says what is not saved yet; offers to discard it, or to take back what was saved last.
import { undo } from "../lib/going-back.js";
import { compare } from "../lib/workshop/difference.js";
import { setUndoSteps, showPlaylist, thisPlaylist, undoSteps } from "../lib/workshop/page.js";
import { edit, isChanged, setConflict, tell, watch, workshop } from "../lib/workshop/store.js";
import { differenceInWords } from "../lib/workshop/words.js";

export function attach(bar) {
  const slot = (name) => bar.querySelector(`[data-slot="${name}"]`);

  function show() {
    if (workshop.lifted !== null) {
      return;
    }
    const changed = isChanged();
    const words = changed
      ? `Not saved: ${differenceInWords(compare(workshop.base, workshop.rows))}`
      : "Nothing to save";
    if (slot("state").textContent !== words) {
      slot("state").textContent = words;
    }
    bar.classList.toggle("bar-changed", changed);
    slot("discard").hidden = !changed;
    slot("revert").hidden = changed || undoSteps() === 0;
    slot("steps").textContent = undoSteps().toLocaleString("en");
    slot("save").setAttribute("aria-disabled", String(!changed));
  }

  slot("discard").addEventListener("click", () => {
    edit("Discard all changes", workshop.base);
    slot("save").focus();
  });
  slot("revert").addEventListener("click", () => undo(thisPlaylist()));
  // Undone or restored, here or in the drawer: that list takes the place of this one, whose
  // unsaved changes stay as a draft. A conflict with what stood before is none with it.
  document.addEventListener("shuffify:written", ({ detail: playlist }) => {
    tell("leaving");
    showPlaylist(playlist);
    setConflict(null);
  });
  document.addEventListener("shuffify:steps", ({ detail }) => {
    setUndoSteps(detail.steps);
    show();
  });
  watch(["rows"], show);
}
