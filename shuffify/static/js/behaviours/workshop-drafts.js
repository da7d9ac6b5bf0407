// Keeps unsaved work in this browser, and offers what an earlier visit left; never by itself.
import { say, warn } from "../lib/notice.js";
import { fillTime } from "../lib/time.js";
import { compare, isNothing } from "../lib/workshop/difference.js";
import { onto, pack } from "../lib/workshop/draft.js";
import { beginAnew, drop, keep, others } from "../lib/workshop/shelf.js";
import { edit, isChanged, watch, workshop } from "../lib/workshop/store.js";
import { differenceInWords, mergedInWords } from "../lib/workshop/words.js";

const KEPT_AFTER_MS = 250;
const FULL =
  "This browser does not keep unsaved changes: its storage is full or switched off. Save before" +
  " you leave.";

export function attach(notice) {
  const slot = (name) => notice.querySelector(`[data-slot="${name}"]`);
  let timer = null;
  let isWarned = false;
  let offered = null;

  function keepNow() {
    clearTimeout(timer);
    timer = null;
    const isKept = isChanged() ? keep(pack(workshop.base, workshop.rows)) : drop();
    if (!isKept && !isWarned) {
      isWarned = true;
      warn(FULL);
    }
  }

  function offer() {
    offered = null;
    for (const draft of others()) {
      const { rows } = onto(workshop.base, draft);
      const difference = compare(workshop.base, rows);
      if (isNothing(difference)) {
        drop(draft.id); // It was saved after all.
      } else if (offered === null) {
        offered = draft;
        fillTime(slot("time"), draft.at);
        slot("difference").textContent = differenceInWords(difference);
      }
    }
    notice.hidden = offered === null;
  }

  function bringBack() {
    const { rows, joined, left } = onto(workshop.base, offered);
    edit("Bring back unsaved changes", rows);
    keepNow();
    drop(offered.id);
    say(`Your changes are back.${mergedInWords({ joined, left })} Nothing is saved yet.`);
    leave();
  }

  function leave() {
    offer();
    const row = document.querySelector("#workshop-rows button:enabled");
    (notice.hidden ? row : slot("back"))?.focus();
  }

  watch(["loaded"], offer);
  watch(["rows"], () => {
    clearTimeout(timer);
    timer = workshop.lifted === null ? setTimeout(keepNow, KEPT_AFTER_MS) : null;
  });
  watch(["leaving"], () => {
    keepNow();
    beginAnew();
  });
  addEventListener("pagehide", keepNow);
  slot("back").addEventListener("click", bringBack);
  slot("drop").addEventListener("click", () => {
    drop(offered.id);
    leave();
  });
}
