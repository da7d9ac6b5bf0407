// Opens one panel at a time beside the list, or above it where there is no room beside it.

const HAS_ROOM = "(min-width: 64rem)";

export function attach(side) {
  const buttons = [...side.querySelectorAll(".side-button")];
  const panelOf = (button) => document.getElementById(button.getAttribute("aria-controls"));
  const where = side.querySelector(".side-where");

  function show(chosen) {
    for (const button of buttons) {
      const isOpen = button === chosen;
      button.setAttribute("aria-expanded", String(isOpen));
      panelOf(button).hidden = !isOpen;
    }
    where.hidden = !["panel-search", "panel-other"].includes(chosen?.getAttribute("aria-controls"));
    if (chosen !== null) {
      panelOf(chosen).dispatchEvent(new CustomEvent("shuffify:opened"));
    }
  }

  side.addEventListener("click", ({ target }) => {
    const button = target.closest(".side-button");
    if (button !== null) {
      show(button.getAttribute("aria-expanded") === "true" ? null : button);
    }
  });
  show(matchMedia(HAS_ROOM).matches ? buttons[0] : null);
}
