// Says while this server cannot be reached, and looks every few seconds whether it is back.
import { isReachable } from "../lib/api.js";

const LOOKED_EACH_MS = 5_000;

export function attach(region) {
  const banner = region.querySelector('[data-slot="away"]');
  let timer = null;

  function show(away) {
    clearTimeout(timer);
    banner.hidden = !away;
    timer = away ? setTimeout(look, LOOKED_EACH_MS) : null;
  }

  async function look() {
    show(!(await isReachable()));
  }

  document.addEventListener("shuffify:unreached", () => show(true));
  document.addEventListener("shuffify:reached", () => show(false));
  // Without a network this server may still be there: it often runs on the same machine.
  window.addEventListener("offline", look);
  window.addEventListener("online", look);
}
