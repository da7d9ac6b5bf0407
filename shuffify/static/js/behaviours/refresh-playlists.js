// Reads the playlists anew; when that fails, what was on the screen stays.
import { post } from "../lib/api.js";
import { attachAll } from "../lib/behaviours.js";
import { whileBusy } from "../lib/busy.js";
import { fillCard } from "../lib/card.js";
import { say, warn } from "../lib/notice.js";

function makeCard(template, playlist) {
  const part = template.content.cloneNode(true);
  fillCard(part, playlist);
  attachAll(part);
  return part;
}

export function attach(button) {
  const list = document.getElementById(button.dataset.list);
  const template = document.getElementById(`${list.id}-card`);
  const empty = document.getElementById(`${list.id}-empty`);

  async function refresh() {
    list.setAttribute("aria-busy", "true");
    try {
      const { playlists, message } = await post("/refresh-playlists");
      list.replaceChildren(...playlists.map((playlist) => makeCard(template, playlist)));
      empty.hidden = playlists.length > 0;
      document.querySelector('[data-slot="problem"]')?.remove();
      list.dispatchEvent(new CustomEvent("shuffify:renewed"));
      say(message);
    } catch (error) {
      warn(error.message);
    } finally {
      list.removeAttribute("aria-busy");
    }
  }

  button.addEventListener("click", () => whileBusy(button, "Refreshing…", refresh));
}
