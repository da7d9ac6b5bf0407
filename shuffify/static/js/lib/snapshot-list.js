// Lists snapshots by day, in the user's zone.
import { counted } from "./card.js";
import { kindOf, marksOf } from "./snapshots.js";
import { localTime } from "./time.js";

const DAY_MS = 86_400_000;

const cloneOf = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

function split(iso) {
  const [day, time] = localTime(iso).split(", ");
  return { day, time };
}

function dayInWords(day) {
  const dayBack = (days) => split(new Date(Date.now() - days * DAY_MS).toISOString()).day;
  const word = { [dayBack(1)]: "Yesterday", [dayBack(0)]: "Today" }[day];
  return word ? `${word}, ${day}` : day;
}

export function fillMarks(container, snapshot) {
  const marks = marksOf(snapshot).map(([text, isUrgent]) => {
    const mark = document.createElement("span");
    mark.className = isUrgent ? "badge badge-danger" : "badge";
    mark.textContent = text;
    return mark;
  });
  container.replaceChildren(...marks);
}

function makeItem(snapshot, show) {
  const item = cloneOf("snapshot-item");
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  const time = item.querySelector("time");
  time.dateTime = snapshot.created_at;
  time.textContent = split(snapshot.created_at).time;
  slot("kind").textContent = kindOf(snapshot);
  slot("count").textContent = counted(snapshot.track_count, "track");
  slot("why").textContent = snapshot.trigger_description ?? "";
  fillMarks(slot("marks"), snapshot);
  const button = item.querySelector("button");
  button.dataset.snapshot = snapshot.id;
  button.addEventListener("click", () => show(snapshot.id));
  return item;
}

// Newest first, as the server sends them; `show` is told the id of the one that is chosen.
export function fillList(container, snapshots, show) {
  const days = Map.groupBy(snapshots, ({ created_at: iso }) => split(iso).day);
  const sections = [...days].map(([day, ofDay]) => {
    const section = cloneOf("snapshot-day");
    section.querySelector('[data-slot="day"]').textContent = dayInWords(day);
    const items = ofDay.map((snapshot) => makeItem(snapshot, show));
    section.querySelector('[data-slot="items"]').append(...items);
    return section;
  });
  container.replaceChildren(...sections);
}
