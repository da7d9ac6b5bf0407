// Fills the slots of a playlist card; names enter the page as text, never as markup.
import { safeUrl } from "./links.js";

export const counted = (number, noun) =>
  `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

export function fillCount(card, number) {
  card.querySelector('[data-slot="count"]').textContent = counted(number ?? 0, "track");
}

export function fillCard(card, playlist) {
  for (const name of card.querySelectorAll('[data-slot="name"]')) {
    name.textContent = playlist.name;
  }
  fillCount(card, playlist.track_count);
  card.querySelector('[data-slot="collaborative"]').hidden = !playlist.collaborative;
  card.querySelector("[data-playlist]").dataset.playlist = playlist.id;
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
