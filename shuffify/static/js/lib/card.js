// Fills the slots of a playlist card; names enter the page as text, never as markup.
import { safeUrl } from "./links.js";

export const counted = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

const slot = (card, name) => card.querySelector(`[data-slot="${name}"]`);
const buttonOf = (card, what) => card.querySelector(`[data-do="${what}"]`);

export const playlistOf = (card) => ({
  id: card.dataset.playlist,
  name: slot(card, "name").textContent,
});

export const cardOf = (list, id) =>
  [...list.children].find((card) => card.dataset.playlist === id) ?? null;

export function fillCount(card, number) {
  const count = slot(card, "count");
  count.textContent = counted(number ?? 0, "track");
  count.dataset.number = number ?? 0;
}

export function fillUndo(card, steps) {
  const button = buttonOf(card, "undo");
  slot(card, "steps").textContent = steps.toLocaleString("en");
  if (steps === 0 && document.activeElement === button) {
    // A hidden button would throw keyboard users back to the top of the page.
    buttonOf(card, "shuffle").focus();
  }
  button.hidden = steps === 0;
}

export function fillLink(link, url) {
  link.hidden = url === null;
  if (url !== null) {
    link.href = url;
  }
}

// The same address again is left alone: it may have failed, and is hidden then.
export function fillCover(image, url) {
  if (url === null) {
    image.hidden = true;
  } else if (image.getAttribute("src") !== url) {
    image.src = url;
    image.hidden = false;
  }
}

export function fillCard(card, playlist) {
  for (const name of card.querySelectorAll('.visually-hidden[data-slot="name"]')) {
    name.textContent = ` ${playlist.name}`;
  }
  slot(card, "name").textContent = playlist.name;
  card.dataset.playlist = card.dataset.writes = playlist.id;
  fillCount(card, playlist.track_count);
  slot(card, "collaborative").hidden = !playlist.collaborative;
  fillUndo(card, playlist.undo_steps);
  fillCover(card.querySelector(".cover-image"), safeUrl(playlist.image_url));
  slot(card, "workshop").href = `/workshop/${playlist.id}`;
  fillLink(slot(card, "link"), safeUrl(playlist.url));
}
