// Fills the slots of a schedule's card; names enter the page as text, never as markup.
import { fillCover, fillLink } from "./card.js";
import { safeUrl } from "./links.js";
import { makeTime } from "./time.js";

const slot = (card, name) => card.querySelector(`[data-slot="${name}"]`);

function fillSources(element, names) {
  element.hidden = names.length === 0;
  element.replaceChildren("From ");
  names.forEach((name, index) => {
    const source = document.createElement("bdi");
    source.textContent = name;
    element.append(index > 0 ? ", " : "", source);
  });
}

function nextOf(schedule, paused) {
  if (!schedule.is_enabled) {
    return "Switched off";
  }
  if (paused) {
    return "Paused";
  }
  return schedule.next_runs.length > 0 ? makeTime(schedule.next_runs[0]) : "Never";
}

function fillLast(element, { words, last_status: status, last_run_at: ran }) {
  if (words.outcome === null) {
    element.textContent = "Not yet";
    return;
  }
  element.replaceChildren(makeOutcome(status, words.outcome), " ", makeTime(ran));
}

// The cover and the link are those of the playlist's entry in the form's menu.
function fillPlaylist(card, id) {
  const { options } = document.getElementById("schedule-target");
  const known = [...options].find((option) => option.value === id);
  fillCover(card.querySelector(".cover-image"), safeUrl(known?.dataset.image));
  fillLink(slot(card, "link"), safeUrl(known?.dataset.url));
}

export function makeOutcome(status, text) {
  const badge = document.createElement("span");
  badge.className = "badge outcome";
  badge.dataset.outcome = status;
  badge.textContent = text;
  return badge;
}

export function fillSchedule(card, schedule, paused) {
  const { words, is_enabled: enabled } = schedule;
  card.dataset.schedule = schedule.id;
  card.dataset.playlist = card.dataset.writes = schedule.target_playlist_id;
  card.dataset.enabled = enabled ? "yes" : "no";
  for (const name of card.querySelectorAll('[data-slot="name"]')) {
    name.textContent = schedule.target_playlist_name;
  }
  for (const name of ["job", "when", "zone"]) {
    slot(card, name).textContent = words[name];
  }
  fillSources(slot(card, "sources"), words.sources);
  slot(card, "toggle").setAttribute("aria-checked", String(enabled));
  slot(card, "next").replaceChildren(nextOf(schedule, paused));
  fillLast(slot(card, "last"), schedule);
  const note = slot(card, "note");
  note.hidden = !schedule.last_error;
  note.textContent = schedule.last_error ?? "";
  fillPlaylist(card, schedule.target_playlist_id);
}
