// Fills the slots of a schedule's card; names enter the page as text, never as markup.
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
  const menu = document.getElementById("schedule-target");
  const known = [...menu.options].find((option) => option.value === id && id !== "");
  const cover = safeUrl(known?.dataset.image);
  const image = slot(card, "cover");
  image.hidden = cover === null;
  if (cover !== null && image.getAttribute("src") !== cover) {
    image.src = cover;
  }
  const url = safeUrl(known?.dataset.url);
  const link = slot(card, "link");
  link.hidden = url === null;
  if (url !== null) {
    link.href = url;
  }
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
  card.dataset.playlist = schedule.target_playlist_id;
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
