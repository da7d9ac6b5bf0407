// Offers the zone of this browser's clock, where another one is set.
import { browserZone } from "../lib/time.js";

export function attach(button) {
  const { timezone: input } = button.form.elements;
  const zone = browserZone();
  const isKnown = [...input.list.options].some((option) => option.value === zone);

  function show() {
    button.hidden = !isKnown || input.value.trim() === zone;
  }

  button.querySelector('[data-slot="zone"]').textContent = zone;
  button.addEventListener("click", () => {
    input.value = zone;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    // The button is about to go, and the focus with it.
    input.focus();
  });
  input.addEventListener("input", show);
  show();
}
