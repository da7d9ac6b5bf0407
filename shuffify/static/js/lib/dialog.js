// Opens dialogs and asks questions; Escape closes, and the focus goes back to where it was.

function isOnBackdrop(dialog, { clientX: x, clientY: y }) {
  const box = dialog.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

// Buttons marked data-close close it; so does a press beside it if data-closes="anywhere".
function closeOnPress(dialog, event) {
  const isBeside = event.target === dialog && isOnBackdrop(dialog, event);
  if (event.target.closest("[data-close]")) {
    dialog.close("");
  } else if (isBeside && dialog.dataset.closes === "anywhere") {
    dialog.close("");
  }
}

// Not from whoever has moved on with a quick key: browsers tell of a close a moment later.
function giveFocusBack(dialog, before, opener) {
  const holder = document.activeElement;
  if ([before, document.body].includes(holder) || dialog.contains(holder)) {
    // A menu that closed, or a row that is gone, can take none: better the page than its top.
    const target = opener?.isConnected && opener.checkVisibility() ? opener : null;
    (target ?? document.getElementById("main")).focus();
  }
}

const wouldClose = (dialog, { type, key, target }) =>
  ({
    keydown: () => key === "Escape",
    cancel: () => target === dialog,
    click: () => target.closest("[data-close]") !== null,
  })[type]();

// Lets Escape, or a button marked data-close, close the dialog once `mayClose` agrees.
function guard(dialog, mayClose) {
  const leaving = new AbortController();
  const { signal } = leaving;
  let asking = false;

  async function hold(event) {
    if (!wouldClose(dialog, event)) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (asking) {
      return;
    }
    asking = true;
    const may = await mayClose();
    asking = false;
    if (may) {
      dialog.close("");
    }
  }

  // The key as well: browsers let nobody hold back a second `cancel` without a click between.
  for (const type of ["keydown", "cancel", "click"]) {
    dialog.addEventListener(type, hold, { signal });
  }
  dialog.addEventListener("close", () => leaving.abort(), { signal });
}

// Returns a promise of the value that it closes with: "" by Escape and by data-close, which
// `mayClose` may refuse: it returns a promise of whether what was typed can go.
export function openDialog(dialog, opener = document.activeElement, { mayClose = null } = {}) {
  const press = (event) => closeOnPress(dialog, event);
  const before = document.activeElement;
  dialog.returnValue = "";
  if (mayClose !== null) {
    guard(dialog, mayClose);
  }
  dialog.addEventListener("click", press);
  dialog.showModal();
  return new Promise((resolve) => {
    const end = () => {
      dialog.removeEventListener("click", press);
      giveFocusBack(dialog, before, opener);
      resolve(dialog.returnValue);
    };
    dialog.addEventListener("close", end, { once: true });
  });
}

// Asks before something happens; returns a promise of whether it may.
export async function ask({ title, message, confirm, cancel = "Cancel", danger = false }) {
  const template = document.getElementById("ask");
  const dialog = template.content.firstElementChild.cloneNode(true);
  const texts = { title, message, confirm, cancel };
  for (const [slot, text] of Object.entries(texts)) {
    dialog.querySelector(`[data-slot="${slot}"]`).textContent = text;
  }
  dialog.querySelector('[data-slot="confirm"]').classList.toggle("button-danger", danger);
  document.body.append(dialog);
  const answer = await openDialog(dialog);
  dialog.remove();
  return answer === "confirm";
}
