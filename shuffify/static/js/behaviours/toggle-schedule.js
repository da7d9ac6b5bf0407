// Switches the schedule of its card on or off.
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { say } from "../lib/notice.js";
import { renewSchedules, warnOfSchedule } from "../lib/schedules.js";

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const name = card.querySelector(".card-name");

  async function toggle() {
    try {
      const { message } = await post(`/schedules/${card.dataset.schedule}/toggle`);
      await renewSchedules();
      say(message);
    } catch (error) {
      await warnOfSchedule(error, name.textContent);
    }
  }

  button.addEventListener("click", () => whileBusy(button, "Saving…", toggle));
}
