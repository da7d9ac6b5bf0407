// Shows the cards whose name holds what was typed, and says how many they are.
import { counted } from "../lib/card.js";
import { plain } from "../lib/text.js";

export function attach(input) {
  const list = document.getElementById(input.dataset.list);
  const found = document.getElementById(list.dataset.found);
  const unmatched = document.getElementById(`${list.id}-unmatched`);

  function filter() {
    const wanted = plain(input.value.trim());
    const cards = [...list.children];
    for (const card of cards) {
      card.hidden = !plain(card.querySelector(".card-name").textContent).includes(wanted);
    }
    const shown = cards.filter((card) => !card.hidden).length;
    unmatched.hidden = shown > 0 || cards.length === 0;
    const total = counted(cards.length, "playlist");
    found.textContent = wanted ? `${shown.toLocaleString("en")} of ${total}` : total;
  }

  input.addEventListener("input", filter);
  list.addEventListener("shuffify:renewed", filter);
  // A browser that comes back to the page may have kept what was typed.
  if (input.value) {
    filter();
  }
}
