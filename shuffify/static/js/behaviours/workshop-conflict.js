// Two people changed one list: shows what each did, and both ways on. Nothing is lost on either.
import { compare } from "../lib/workshop/difference.js";
import { showDifference } from "../lib/workshop/difference-view.js";
import { merge } from "../lib/workshop/merge.js";
import { rowsOf, showPlaylist } from "../lib/workshop/page.js";
import { canLeave } from "../lib/workshop/rows.js";
import { makeSaver } from "../lib/workshop/saver.js";
import { saySaved } from "../lib/workshop/saved.js";
import { setConflict, tell, watch, workshop } from "../lib/workshop/store.js";
import { mergedInWords } from "../lib/workshop/words.js";

export function attach(section) {
  const slot = (name) => section.querySelector(`[data-slot="${name}"]`);
  const page = document.getElementById("workshop");
  let theirs = []; // their list as rows

  const merged = () =>
    merge(
      { base: workshop.base, mine: workshop.rows, theirs },
      { keepRemoved: slot("keep-removed").checked },
    );

  function preview() {
    const { joined, left } = merged();
    const exceptions = mergedInWords({ joined, left });
    slot("result").textContent = `Saving writes your list in your order.${exceptions}`;
  }

  function open() {
    const isOpen = workshop.conflict !== null;
    section.hidden = !isOpen;
    page.classList.toggle("workshop-in-conflict", isOpen);
    if (!isOpen) {
      return;
    }
    theirs = rowsOf(workshop.conflict, workshop.base);
    slot("keep-removed").checked = false;
    const choosable = merged().left.filter(canLeave);
    slot("removed").hidden = choosable.length === 0;
    showDifference(slot("theirs"), compare(workshop.base, theirs), "Nothing that is to be seen");
    showDifference(slot("mine"), compare(workshop.base, workshop.rows));
    saver.begin();
    preview();
    slot("heading").focus();
  }

  function close() {
    setConflict(null);
    document.getElementById("workshop-name").focus();
  }

  const saver = makeSaver(section, ({ kind, answer, theirs: newer }) => {
    if (kind === "saved") {
      saySaved(answer);
      close();
    } else {
      setConflict(newer);
    }
  });

  slot("keep-removed").addEventListener("change", preview);
  slot("confirm").addEventListener("click", () => {
    saver.save(merged().rows, { version: workshop.conflict.snapshot_id, rows: theirs });
  });
  slot("reload").addEventListener("click", () => {
    tell("leaving");
    showPlaylist(workshop.conflict);
    close();
  });
  watch(["conflict"], open);
}
