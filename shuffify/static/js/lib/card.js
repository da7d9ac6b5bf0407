// Fills the slots of a playlist card; names enter the page as text, never as markup.
import { safeUrl } from "./links.js";

export const counted = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

export function fillCount(card, number) {
  card.querySelector('[data-slot="count"]').textContent = counted(number ?? 0, "track");
}

export function fillUndo(card, steps) {
  const button = card.querySelector('[data-slot="undo"]');
  button.querySelector('[data-slot="steps"]').textContent = steps.toLocaleString("en");
  if (steps === 0 && document.activeElement === button) {
    // A hidden button would throw keyboard users back to the top of the page.
    card.querySelector('[data-behaviour="shuffle-playlist"]').focus();
  }
  button.hidden = steps === 0;
}

export function fillCard(card, playlist) {
  for (const name of card.querySelectorAll('[data-slot="name"]')) {
    name.textContent = playlist.name;
  }
  fillCount(card, playlist.track_count);
  card.querySelector('[data-slot="collaborative"]').hidden = !playlist.collaborative;
  fillUndo(card, playlist.undo_steps);
  for (const button of card.querySelectorAll("[data-playlist]")) {
    button.dataset.playlist = playlist.id;
  }
  const cover = safeUrl(playlist.image_url);
  const image = card.querySelector('[data-slot="cover"]');
  image.hidden = cover === null;
  if (cover !== null) {
    image.src = cover;
  }
  const url = safeUrl(playlist.url);
  const link = card.querySelector('[data-slot="link"]');
  link.hidden = url === null;
  if (url !== null) {
    link.href = url;
  }
}
