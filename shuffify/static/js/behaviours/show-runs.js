// Shows the history of the schedule of its card, newest run first.
import { get } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { openDialog } from "../lib/dialog.js";
import { fillRun } from "../lib/run.js";
import { warnOfSchedule } from "../lib/schedules.js";

const FEW = 10;
const MOST = 100;

export function attach(button) {
  const card = button.closest('[data-slot="card"]');
  const dialog = document.getElementById("runs-dialog");
  const slot = (name) => dialog.querySelector(`[data-slot="${name}"]`);
  const template = dialog.querySelector("template");

  function makeRun(run) {
    const item = template.content.firstElementChild.cloneNode(true);
    fillRun(item, run);
    return item;
  }

  async function load(limit) {
    const { history } = await get(`/schedules/${card.dataset.schedule}/history?limit=${limit}`);
    slot("runs").replaceChildren(...history.map(makeRun));
    slot("more").hidden = history.length < limit || limit === MOST;
    slot("said").textContent =
      history.length > 0
        ? `The last ${counted(history.length, "run")}, newest first.`
        : "It has not run yet. Its runs will be listed here.";
  }

  const loadAll = () => load(MOST).catch((error) => { slot("said").textContent = error.message; });

  async function open() {
    slot("name").textContent = card.querySelector(".card-name").textContent;
    try {
      await load(FEW);
    } catch (error) {
      await warnOfSchedule(error);
      return;
    }
    const more = () => whileBusy(slot("more"), "Reading…", loadAll);
    slot("more").addEventListener("click", more);
    openDialog(dialog, button).then(() => slot("more").removeEventListener("click", more));
  }

  button.addEventListener("click", () => whileBusy(button, "Reading…", open));
}
