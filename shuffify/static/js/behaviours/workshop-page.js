// Reads the list, shows while that lasts or when it failed, and asks before unsaved work is left.
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { openSnapshots } from "../lib/snapshots.js";
import { readPlaylist, showPlaylist, thisPlaylist } from "../lib/workshop/page.js";
import { isChanged, watch, workshop } from "../lib/workshop/store.js";
import { durationOf } from "../lib/workshop/words.js";

const isWriting = () =>
  workshop.isWriting || document.querySelector('[data-writes][aria-busy="true"]') !== null;

const element = (id) => document.getElementById(id);

async function read() {
  const problem = element("workshop-problem");
  element("workshop-reading").hidden = false;
  problem.hidden = true;
  try {
    showPlaylist(await readPlaylist());
  } catch (error) {
    problem.querySelector('[data-slot="message"]').textContent =
      `${error.message} Nothing was changed.`;
    problem.hidden = false;
  } finally {
    element("workshop-reading").hidden = true;
  }
}

function showFacts() {
  const { rows } = workshop;
  const length = rows.reduce((sum, { track }) => sum + (track.duration_ms ?? 0), 0);
  const words = [counted(rows.length, "track"), ...(length > 0 ? [durationOf(length)] : [])];
  element("workshop-facts").textContent = words.join(", ");
  element("workshop-empty").hidden = rows.length > 0;
}

export function attach() {
  const retry = element("workshop-problem").querySelector('[data-slot="retry"]');
  retry.addEventListener("click", () => whileBusy(retry, "Reading…", read));
  element("workshop-snapshots").addEventListener("click", () => openSnapshots(thisPlaylist()));
  watch(["rows"], showFacts);
  addEventListener("beforeunload", (event) => {
    if (isChanged() || isWriting()) {
      event.preventDefault();
    }
  });
  read();
}
