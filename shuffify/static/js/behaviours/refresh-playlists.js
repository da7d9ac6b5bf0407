// Reads the playlists anew; when that fails, what was on the screen stays.
import { post } from "../lib/api.js";
import { attachAll } from "../lib/behaviours.js";
import { whileBusy } from "../lib/busy.js";
import { fillCard } from "../lib/card.js";
import { explain } from "../lib/next-step.js";
import { say } from "../lib/notice.js";

function makeCard(template) {
  const card = template.content.firstElementChild.cloneNode(true);
  attachAll(card);
  return card;
}

export function attach(button) {
  const list = document.getElementById(button.dataset.list);
  const template = document.getElementById(`${list.id}-card`);
  const empty = document.getElementById(`${list.id}-empty`);

  // Cards stay where they can: one may be showing the progress of a write.
  function show(playlists) {
    const known = new Map([...list.children].map((card) => [card.dataset.playlist, card]));
    const cards = playlists.map((playlist) => {
      const card = known.get(playlist.id) ?? makeCard(template);
      fillCard(card, playlist);
      return card;
    });
    list.replaceChildren(...cards);
    empty.hidden = playlists.length > 0;
    list.dispatchEvent(new CustomEvent("shuffify:renewed"));
  }

  async function refresh() {
    list.setAttribute("aria-busy", "true");
    try {
      const { playlists, interrupted, message } = await post("/refresh-playlists");
      show(playlists);
      document.dispatchEvent(new CustomEvent("shuffify:interrupted", { detail: interrupted }));
      document.querySelector('[data-slot="problem"]')?.remove();
      say(message);
    } catch (error) {
      explain(error, { playlist: { name: "" }, retry: () => button.click() });
    } finally {
      list.removeAttribute("aria-busy");
    }
  }

  button.addEventListener("click", () => whileBusy(button, "Refreshing…", refresh));
}
