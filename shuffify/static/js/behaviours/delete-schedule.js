// Deletes the schedule of its card, after saying what goes with it and what stays.
import { del } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { ask } from "../lib/dialog.js";
import { say } from "../lib/notice.js";
import { renewSchedules, warnOfSchedule } from "../lib/schedules.js";

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const name = card.querySelector(".card-name");

  // The neighbour's button takes the focus, or the one that makes a new schedule.
  function nextFocus() {
    const neighbour = card.nextElementSibling ?? card.previousElementSibling;
    const button = neighbour?.querySelector('[data-behaviour="delete-schedule"]');
    return () => (button ?? document.querySelector('[data-slot="new"]')).focus();
  }

  async function remove() {
    try {
      const { message } = await del(`/schedules/${card.dataset.schedule}`);
      const focus = nextFocus();
      await renewSchedules();
      focus();
      say(message, name.textContent);
    } catch (error) {
      await warnOfSchedule(error, name.textContent);
    }
  }

  button.addEventListener("click", async () => {
    const may = await ask({
      title: `Delete the schedule of ${name.textContent}?`,
      message:
        "The schedule and the history of its runs go. The playlist, its snapshots and the" +
        " schedule's sources stay as they are.",
      confirm: "Delete schedule",
      danger: true,
    });
    if (may) {
      await whileBusy(button, "Deleting…", remove);
    }
  });
}
