// Offers to restore what interrupted writes left behind, until it is restored or let go.
import { del } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { ask } from "../lib/dialog.js";
import { explain } from "../lib/next-step.js";
import { openSnapshots, tellSettled } from "../lib/snapshots.js";
import { fillTime } from "../lib/time.js";

function make({ snapshot_id: id, playlist_id: playlist, ...facts }) {
  const template = document.getElementById("interrupted-write");
  const line = template.content.firstElementChild.cloneNode(true);
  Object.assign(line.dataset, { snapshot: id, playlist });
  line.querySelector('[data-slot="name"]').textContent = facts.playlist_name;
  line.querySelector('[data-slot="count"]').textContent = counted(facts.track_count, "track");
  fillTime(line.querySelector("time"), facts.created_at);
  return line;
}

async function letGo(playlist, snapshotId) {
  const certain = await ask({
    title: "Leave the playlist as it is?",
    message: "The order from before the interrupted change is deleted here. Spotify is not touched.",
    confirm: "Delete the saved order",
    danger: true,
  });
  if (!certain) {
    return;
  }
  try {
    await del(`/snapshots/${snapshotId}`);
    tellSettled(snapshotId);
  } catch (error) {
    explain(error, { playlist });
  }
}

export function attach(list) {
  list.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button === null) {
      return;
    }
    const line = button.closest("li");
    const { snapshot, playlist: id } = line.dataset;
    const playlist = { id, name: line.querySelector('[data-slot="name"]').textContent };
    if (button.dataset.do === "look") {
      openSnapshots(playlist, Number(snapshot));
    } else {
      whileBusy(button, "One moment…", () => letGo(playlist, Number(snapshot)));
    }
  });

  document.addEventListener("shuffify:interrupted", ({ detail }) => {
    list.replaceChildren(...detail.map(make));
  });
  document.addEventListener("shuffify:snapshot-settled", ({ detail: { snapshotId } }) => {
    list.querySelector(`[data-snapshot="${snapshotId}"]`)?.remove();
  });
}
