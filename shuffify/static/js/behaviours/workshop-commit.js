// Saves the list: shows what would change, asks, and writes.
import { openDialog } from "../lib/dialog.js";
import { showDifference } from "../lib/workshop/difference-view.js";
import { compare } from "../lib/workshop/difference.js";
import { saySaved } from "../lib/workshop/saved.js";
import { makeSaver } from "../lib/workshop/saver.js";
import { isChanged, setConflict, workshop } from "../lib/workshop/store.js";

export function attach(button) {
  const dialog = document.getElementById("workshop-commit");
  const slot = (name) => dialog.querySelector(`[data-slot="${name}"]`);

  let closed = null; // settles once the dialog has given the focus back

  async function end({ kind, answer, theirs }) {
    dialog.close(kind);
    await closed;
    if (kind === "saved") {
      saySaved(answer);
    } else {
      setConflict(theirs);
    }
  }

  const saver = makeSaver(dialog, end);

  button.addEventListener("click", () => {
    if (isChanged() && !workshop.isWriting) {
      saver.begin();
      showDifference(slot("summary"), compare(workshop.base, workshop.rows));
      closed = openDialog(dialog, button);
    }
  });
  slot("confirm").addEventListener("click", () => {
    saver.save(workshop.rows, { version: workshop.playlist.snapshot_id, rows: workshop.base });
  });
  dialog.addEventListener("cancel", (event) => workshop.isWriting && event.preventDefault());
}
