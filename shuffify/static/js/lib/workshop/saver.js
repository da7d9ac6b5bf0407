// Saves a list before the user's eyes: progress, what went wrong, and what became of a write whose
// end was not heard. The box holds a problem, a progress, and the button that it begins with.
import { showProgress } from "../progress.js";
import { announce } from "./announce.js";
import { commit, follow, isUnheard } from "./commit.js";
import { showProblem } from "./problem.js";

const UNHEARD = {
  message: "The connection was lost. The server goes on writing; looking what stands now…",
};
const UNWRITTEN = {
  message: "Nothing was written so far: the playlist is as it was. Your changes are still here.",
};
const UNKNOWN = {
  message:
    "It is not known yet what became of it. Your changes are kept in this browser, and once the" +
    " connection is back, the playlist's history shows what was written.",
};

// `ended` is called with { kind: "saved", answer } or { kind: "clashed", theirs }.
export function makeSaver(box, ended) {
  const slot = (name) => box.querySelector(`[data-slot="${name}"]`);
  const label = slot("confirm").querySelector('[data-slot="label"]');
  const usual = label.textContent;
  let isLost = false; // the end of a write was not heard: look before writing again

  function begin() {
    isLost = false;
    label.textContent = usual;
    slot("problem").hidden = true;
  }

  function setBusy(isBusy) {
    for (const button of box.querySelectorAll(".dialog-actions button")) {
      button.hidden = isBusy;
    }
  }

  function fail(problem, again) {
    label.textContent = again;
    showProblem(slot("problem"), problem);
    setBusy(false);
    slot("confirm").focus();
  }

  function conclude(outcome) {
    isLost = outcome.kind === "unknown";
    if (isLost) {
      fail(UNKNOWN, "Look again");
    } else if (outcome.kind === "unwritten") {
      fail(UNWRITTEN, "Save again");
    } else {
      begin();
      ended(outcome);
    }
  }

  async function lookAfter(rows, read) {
    announce(UNHEARD.message);
    showProblem(slot("problem"), UNHEARD);
    conclude(await follow(rows, read));
  }

  async function write(rows, read, report) {
    try {
      conclude(await commit(rows, read, report));
    } catch (error) {
      await (isUnheard(error) ? lookAfter(rows, read) : fail(error, "Save again"));
    }
  }

  async function save(rows, read) {
    const progress = showProgress(box, "Saving");
    slot("problem").hidden = true;
    setBusy(true);
    try {
      await (isLost ? lookAfter(rows, read) : write(rows, read, progress.report));
    } finally {
      progress.end();
      setBusy(false);
    }
  }

  return { begin, save };
}
