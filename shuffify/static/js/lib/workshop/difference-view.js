// Shows a difference: names where they are few, the number and the first names where they are many.
import { counted } from "../card.js";
import { artistsOf, nameOf } from "./words.js";

const FEW = 8;
const FIRST = 5;

function line(row) {
  const item = document.createElement("li");
  item.dir = "auto";
  const artists = artistsOf(row);
  item.textContent = artists ? `${nameOf(row)} · ${artists}` : nameOf(row);
  return item;
}

function section(title, rows) {
  const part = document.getElementById("workshop-difference").content.cloneNode(true);
  const slot = (name) => part.querySelector(`[data-slot="${name}"]`);
  const named = rows.length <= FEW ? rows : rows.slice(0, FIRST);
  slot("title").textContent = `${counted(rows.length, "track")} ${title}`;
  slot("rows").replaceChildren(...named.map(line));
  slot("more").hidden = named.length === rows.length;
  slot("more").textContent = `and ${(rows.length - named.length).toLocaleString("en")} more`;
  return part;
}

export function showDifference(container, { added, removed, moved }, nothing = "Nothing") {
  const parts = Object.entries({ added, removed, moved }).filter(([, rows]) => rows.length > 0);
  container.replaceChildren(...parts.map(([title, rows]) => section(title, rows)));
  if (parts.length === 0) {
    container.textContent = nothing;
  }
}
