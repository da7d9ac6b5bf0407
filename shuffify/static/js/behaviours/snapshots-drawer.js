// Shows the snapshots of one playlist: all of them by day, or one in detail.
import { get } from "../lib/api.js";
import { counted } from "../lib/card.js";
import { openDialog } from "../lib/dialog.js";
import { showTrouble } from "../lib/next-step.js";
import { showDetail } from "../lib/snapshot-detail.js";
import { fillList } from "../lib/snapshot-list.js";
import { attachForm } from "../lib/snapshot-form.js";

const MOST = 100;

export function attach(dialog) {
  const slot = (name) => dialog.querySelector(`[data-slot="${name}"]`);
  const list = slot("list");
  const detail = slot("detail");
  const title = dialog.querySelector("#snapshots-title");
  const form = attachForm(list.querySelector("form"), { taken: (said) => load(said), show });
  let playlist = null;
  // What is asked for last is shown, whatever comes back last.
  let asked = 0;

  const steps = { not_found: () => ({ label: "All snapshots", run: () => load() }) };
  const trouble = (error, retry) =>
    showTrouble(slot("trouble"), error, { playlist, retry, steps });

  function turnTo(part) {
    list.hidden = part !== list;
    detail.hidden = part !== detail;
    slot("trouble").replaceChildren();
    slot("reading").hidden = false;
    dialog.scrollTop = 0;
  }

  // Returns null when the answer is not wanted any more, or told what is wrong.
  async function read(url, retry) {
    const mine = (asked += 1);
    const isWanted = () => mine === asked;
    try {
      const answer = await get(url);
      return isWanted() ? answer : null;
    } catch (error) {
      if (isWanted()) {
        trouble(error, retry);
      }
      return null;
    } finally {
      slot("reading").hidden ||= isWanted();
    }
  }

  async function load(said = "") {
    turnTo(list);
    slot("state").textContent = said;
    const url = `/playlist/${playlist.id}/snapshots?limit=${MOST}`;
    const answer = await read(url, () => load());
    if (answer !== null) {
      slot("state").textContent = `${said} ${howMany(answer.snapshots.length)}`;
      form.know(answer.snapshots);
      fillList(slot("days"), answer.snapshots, show);
    }
  }

  async function show(snapshotId) {
    turnTo(detail);
    detail.replaceChildren();
    detail.dataset.writes = playlist.id;
    const answer = await read(`/snapshots/${snapshotId}`, () => show(snapshotId));
    if (answer !== null) {
      showDetail(detail, answer, {
        playlist,
        trouble,
        close: () => dialog.close(""),
        back: async (said) => {
          await load(said);
          const item = list.querySelector(`[data-snapshot="${snapshotId}"]`);
          (item ?? title).focus();
        },
      });
    }
  }

  document.addEventListener("shuffify:snapshots", async ({ detail: wanted }) => {
    playlist = wanted.playlist;
    slot("name").textContent = playlist.name;
    slot("days").replaceChildren();
    form.begin(playlist);
    const closed = openDialog(dialog);
    title.focus();
    await (wanted.snapshotId === null ? load() : show(wanted.snapshotId));
    await closed;
  });
}

function howMany(number) {
  if (number === 0) {
    return "No snapshots yet. One is taken by itself before each change that Shuffify makes.";
  }
  return number < MOST ? counted(number, "snapshot") : `The latest ${MOST} snapshots`;
}
