// Brings the list of schedules up to date: cards that stay keep their place and the focus.
import { get } from "./api.js";
import { attachAll } from "./behaviours.js";
import { warnOf } from "./notice.js";
import { fillSchedule } from "./schedule-card.js";

const list = () => document.getElementById("schedules");

export const cardOf = (id) => list().querySelector(`[data-schedule="${id}"]`);

async function addCard(schedule, paused) {
  const template = document.getElementById("schedules-card");
  const card = template.content.firstElementChild.cloneNode(true);
  fillSchedule(card, schedule, paused);
  list().append(card);
  await attachAll(card);
}

// Whoever stands on a card that goes, goes on at its neighbour.
function removeCard(card) {
  const neighbour = card.nextElementSibling ?? card.previousElementSibling;
  const next = neighbour?.querySelector(".card-name") ?? document.querySelector('[data-slot="new"]');
  const hadFocus = card.contains(document.activeElement);
  card.remove();
  if (hadFocus) {
    next.focus();
  }
}

function tellHowMany(number) {
  const isFull = number >= Number(list().dataset.limit);
  document.getElementById("schedules-empty").hidden = number > 0;
  document.getElementById("schedules-full").hidden = !isFull;
  const button = document.querySelector('[data-slot="new"]');
  button.disabled = isFull;
  button.toggleAttribute("aria-describedby", isFull);
  if (isFull) {
    button.setAttribute("aria-describedby", "schedules-full");
  }
}

export async function findSchedule(id) {
  const { schedules } = await get("/schedules");
  return schedules.find((schedule) => String(schedule.id) === String(id)) ?? null;
}

export async function renewSchedules() {
  const { schedules, paused } = await get("/schedules");
  const ids = new Set(schedules.map(({ id }) => String(id)));
  for (const card of [...list().children]) {
    if (!ids.has(card.dataset.schedule)) {
      removeCard(card);
    }
  }
  for (const schedule of schedules) {
    const card = cardOf(schedule.id);
    if (card === null) {
      await addCard(schedule, paused);
    } else {
      fillSchedule(card, schedule, paused);
    }
  }
  tellHowMany(schedules.length);
}

// A schedule that was deleted elsewhere leaves this page as well.
export async function warnOfSchedule(error, title) {
  warnOf(error, title);
  if (error.code === "not_found") {
    await renewSchedules().catch(warnOf);
  }
}
