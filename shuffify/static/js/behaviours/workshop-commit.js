// Saves the list: shows what would change and asks, then how far the write is, then how it went.
import { openDialog } from "../lib/dialog.js";
import { say } from "../lib/notice.js";
import { showProgress } from "../lib/progress.js";
import { announce } from "../lib/workshop/announce.js";
import { commit, follow, isUnheard } from "../lib/workshop/commit.js";
import { showDifference } from "../lib/workshop/difference-view.js";
import { compare } from "../lib/workshop/difference.js";
import { playlistName } from "../lib/workshop/page.js";
import { showProblem } from "../lib/workshop/problem.js";
import { isChanged, workshop } from "../lib/workshop/store.js";
import { undoingSave } from "../lib/workshop/undo-save.js";

const UNHEARD = "The connection was lost. The server goes on writing; looking what stands now…";
const UNWRITTEN = {
  message: "Nothing was written so far: the playlist is as it was. Your changes are still here.",
};
const UNKNOWN = {
  message:
    "It is not known yet what became of it. Your changes are kept in this browser, and once the" +
    " connection is back, whatever was written can be undone.",
};

const CLASHED =
  "The playlist was changed elsewhere meanwhile, so nothing was written. Reload the page to see it.";

export function attach(button) {
  const dialog = document.getElementById("workshop-commit");
  const slot = (name) => dialog.querySelector(`[data-slot="${name}"]`);
  let isLost = false; // the end of a write was not heard: look before writing again

  function prepare() {
    isLost = false;
    showDifference(slot("summary"), compare(workshop.base, workshop.rows));
    slot("problem").hidden = true;
    show({ isBusy: false, label: "Save" });
  }

  function show({ isBusy, label }) {
    slot("cancel").hidden = isBusy;
    slot("confirm").hidden = isBusy;
    slot("label").textContent = label;
  }

  function saved(answer) {
    dialog.close("saved");
    const message = answer?.message ?? "The playlist holds your list now.";
    say(message, playlistName(), undoingSave());
  }

  function failed(problem, label) {
    showProblem(slot("problem"), problem);
    show({ isBusy: false, label });
    slot("confirm").focus();
  }

  function conclude({ kind, answer }) {
    if (kind === "saved") {
      saved(answer);
    } else if (kind === "clashed") {
      failed({ message: CLASHED }, "Save again");
    } else {
      isLost = kind === "unknown";
      failed(isLost ? UNKNOWN : UNWRITTEN, isLost ? "Look again" : "Save again");
    }
  }

  async function lookAfter(rows, progress) {
    announce(UNHEARD);
    showProblem(slot("problem"), { message: UNHEARD });
    progress.end();
    conclude(await follow(rows));
  }

  async function save() {
    const { rows } = workshop;
    const progress = showProgress(dialog, "Saving");
    slot("problem").hidden = true;
    show({ isBusy: true });
    try {
      await (isLost ? lookAfter(rows, progress) : commit(rows, progress.report).then(conclude));
    } catch (error) {
      await (isUnheard(error) ? lookAfter(rows, progress) : failed(error, "Save again"));
    } finally {
      progress.end();
    }
  }

  button.addEventListener("click", () => {
    if (isChanged() && !workshop.isWriting) {
      prepare();
      openDialog(dialog, button);
    }
  });
  slot("confirm").addEventListener("click", save);
  dialog.addEventListener("cancel", (event) => workshop.isWriting && event.preventDefault());
}
