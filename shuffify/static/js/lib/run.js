// Fills an entry of a schedule's history.
import { counted } from "./card.js";
import { fillTime } from "./time.js";

const OUTCOMES = { running: "Running", success: "Succeeded", failed: "Failed", skipped: "Skipped" };
const TRIGGERS = { manual: "By hand", scheduler: "By the schedule" };

function durationOf({ started_at: from, completed_at: to }) {
  if (to === null) {
    return "not finished";
  }
  const seconds = Math.round((new Date(to) - new Date(from)) / 1000);
  if (seconds < 60) {
    return seconds < 1 ? "under a second" : counted(seconds, "second");
  }
  return counted(Math.round(seconds / 60), "minute");
}

function tracksOf({ tracks_added: added, tracks_total: total }) {
  if (total === null) {
    return "nothing changed";
  }
  return added > 0 ? `${counted(total, "track")}, ${added} of them new` : counted(total, "track");
}

export function fillRun(item, run) {
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  slot("outcome").textContent = OUTCOMES[run.status];
  slot("outcome").dataset.outcome = run.status;
  fillTime(slot("started"), run.started_at);
  slot("trigger").textContent = TRIGGERS[run.trigger];
  slot("duration").textContent = durationOf(run);
  slot("tracks").textContent = tracksOf(run);
  slot("error").hidden = !run.error_message;
  slot("error").textContent = run.error_message ?? "";
}
