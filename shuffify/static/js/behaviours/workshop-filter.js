// Shows the rows whose title, artist or album holds what was typed, and says how many they are.
import { counted } from "../lib/card.js";
import { isFiltered, isShown, setFilter } from "../lib/workshop/filter.js";
import { watch, workshop } from "../lib/workshop/store.js";

export function attach(input) {
  const found = document.getElementById("workshop-found");
  const unmatched = document.getElementById("workshop-unmatched");

  function count() {
    const shown = workshop.rows.filter(isShown).length;
    const total = counted(workshop.rows.length, "track");
    const words = isFiltered() ? `${shown.toLocaleString("en")} of ${total} in view` : "";
    if (found.textContent !== words) {
      found.textContent = words;
    }
    unmatched.hidden = shown > 0 || workshop.rows.length === 0;
  }

  input.addEventListener("input", () => setFilter(input.value));
  watch(["rows", "filter"], count);
  // A browser that comes back to the page may have kept what was typed.
  setFilter(input.value);
}
