// Opens a menu beside the button that it belongs to: arrow keys walk it, Escape and Tab close it.

const MARGIN = 8;

const itemsOf = (menu) =>
  [...menu.querySelectorAll('[role="menuitem"]')].filter((item) => !item.hidden);

function walk(menu, event) {
  const items = itemsOf(menu);
  const [index, last] = [items.indexOf(document.activeElement), items.length - 1];
  const ways = {
    ArrowDown: index === last ? 0 : index + 1,
    ArrowUp: index <= 0 ? last : index - 1,
    Home: 0,
    End: last,
  };
  if (event.key in ways) {
    event.preventDefault();
    items[ways[event.key]]?.focus();
  } else if (event.key === "Tab") {
    menu.hidePopover();
  }
}

function placeBeside(menu, button) {
  const box = button.getBoundingClientRect();
  const lowest = innerHeight - menu.offsetHeight - MARGIN;
  menu.style.setProperty("--menu-top", `${Math.max(MARGIN, Math.min(box.bottom, lowest))}px`);
  menu.style.setProperty("--menu-left", `${Math.max(MARGIN, box.right - menu.offsetWidth)}px`);
}

export function prepareMenu(menu) {
  menu.addEventListener("keydown", (event) => walk(menu, event));
}

export function openMenu(menu, button) {
  menu.showPopover();
  placeBeside(menu, button);
  (itemsOf(menu)[0] ?? menu).focus();
  button.setAttribute("aria-expanded", "true");
  const close = (event) => {
    if (event.newState === "closed") {
      menu.removeEventListener("toggle", close);
      button.setAttribute("aria-expanded", "false");
    }
  };
  menu.addEventListener("toggle", close);
}
