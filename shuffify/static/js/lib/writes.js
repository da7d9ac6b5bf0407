// Runs the long writes of playlists, one at a time for each, and tells the page what came of them.
import { postWatched } from "./api.js";
import { showProgress } from "./progress.js";

const underWay = new Set();

// What an undo could take back changes with each write, and with the snapshots that are deleted.
export function tellSteps({ id }, steps) {
  document.dispatchEvent(new CustomEvent("shuffify:steps", { detail: { id, steps } }));
}

// An element marked data-writes="<playlist id>" is busy meanwhile and shows the progress.
function showIn(place, label) {
  if (place.querySelector('[data-slot="progress"]') === null) {
    place.append(document.getElementById("progress-bar").content.cloneNode(true));
  }
  place.setAttribute("aria-busy", "true");
  const { report, end } = showProgress(place, label);
  return {
    report,
    end() {
      place.removeAttribute("aria-busy");
      end();
    },
  };
}

// Returns the answer; null, and nothing is sent, while another write of the playlist is under way.
export async function write(playlist, url, body, label) {
  if (underWay.has(playlist.id)) {
    return null;
  }
  underWay.add(playlist.id);
  const places = document.querySelectorAll(`[data-writes="${CSS.escape(playlist.id)}"]`);
  const shown = [...places].map((place) => showIn(place, label));
  try {
    const report = (done, total) => shown.forEach((each) => each.report(done, total));
    const answer = await postWatched(url, body, report);
    document.dispatchEvent(new CustomEvent("shuffify:written", { detail: answer.playlist }));
    tellSteps(playlist, answer.undo_steps);
    return answer;
  } finally {
    underWay.delete(playlist.id);
    shown.forEach((each) => each.end());
  }
}
