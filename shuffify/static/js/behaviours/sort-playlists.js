// Puts the cards into the order that was chosen, and keeps the choice in this browser.
import { recall, remember } from "../lib/memory.js";

const nameOf = (card) => card.querySelector(".card-name").textContent;
const countOf = (card) => Number(card.querySelector('[data-slot="count"]').dataset.number);
const alphabet = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

const ORDERS = {
  spotify: () => 0,
  name: (one, other) => alphabet.compare(nameOf(one), nameOf(other)),
  most: (one, other) => countOf(other) - countOf(one),
  fewest: (one, other) => countOf(one) - countOf(other),
};

export function attach(select) {
  const list = document.getElementById(select.dataset.list);
  let asSent = [...list.children];

  const sort = () => list.replaceChildren(...asSent.toSorted(ORDERS[select.value]));

  select.addEventListener("change", () => {
    remember("sort", select.value);
    sort();
  });
  list.addEventListener("shuffify:renewed", () => {
    asSent = [...list.children];
    sort();
  });

  const usual = recall("sort");
  if (Object.hasOwn(ORDERS, usual ?? "")) {
    select.value = usual;
    sort();
  }
}
