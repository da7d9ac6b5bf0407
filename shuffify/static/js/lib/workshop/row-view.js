// Shows one row: made once from the page's template, afterwards only what can change.
import { safeUrl } from "../links.js";
import { canLeave, isNull } from "./rows.js";
import { artistsOf, durationOf, nameOf } from "./words.js";

const slot = (element, name) => element.querySelector(`[data-slot="${name}"]`);

function badgesOf({ track }) {
  return {
    episode: track.type === "episode",
    local: track.is_local,
    unavailable: track.uri === null || track.type === "unavailable" || !track.is_playable,
    explicit: track.explicit,
  };
}

function fillCover(item, { track }) {
  const url = safeUrl(track.album_image_url);
  const image = slot(item, "cover");
  if (url === null) {
    image.remove();
  } else {
    image.hidden = false;
    image.src = url;
  }
}

// Texts and badges, for rows of the list and for rows that can be added to it.
export function fillTrack(item, row) {
  slot(item, "name").textContent = nameOf(row);
  slot(item, "artists").textContent = artistsOf(row);
  slot(item, "album").textContent = row.track.album_name ?? "";
  slot(item, "duration").textContent = durationOf(row.track.duration_ms);
  for (const [name, shown] of Object.entries(badgesOf(row))) {
    // What is never shown costs a list of a thousand rows thousands of elements.
    shown ? (slot(item, name).hidden = false) : slot(item, name).remove();
  }
  fillCover(item, row);
}

function nameControls(item, row) {
  const id = `row-${row.key}-name`;
  slot(item, "name").id = id;
  for (const control of item.querySelectorAll("[data-control]")) {
    control.setAttribute("aria-labelledby", `workshop-${control.dataset.control} ${id}`);
  }
}

export function makeItem(template, row) {
  const item = template.content.firstElementChild.cloneNode(true);
  item.dataset.key = row.key;
  fillTrack(item, row);
  nameControls(item, row);
  if (isNull(row)) {
    item.classList.add("row-null");
    slot(item, "artists").textContent = "It keeps its place";
    slot(item, "handle").disabled = true;
    slot(item, "select").disabled = true;
  }
  item.classList.toggle("row-kept", !canLeave(row));
  return item;
}

// Writes to the page only what differs: a move at the top renumbers a thousand rows.
export function refreshItem(item, { index, isDuplicate, isShown }) {
  const shown = String(index + 1);
  const number = slot(item, "number").firstChild;
  if (number.data !== shown) {
    number.data = shown;
  }
  const badge = slot(item, "duplicate");
  if (badge.hidden === isDuplicate) {
    badge.hidden = !isDuplicate;
  }
  if (item.hidden === isShown) {
    item.hidden = !isShown;
  }
}

export function markSelected(item, isSelected) {
  const box = slot(item, "select");
  if (box.checked !== isSelected) {
    box.checked = isSelected;
    item.classList.toggle("row-selected", isSelected);
  }
}
