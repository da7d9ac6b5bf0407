// Shows notices: good news leaves by itself, warnings stay until they are closed.
import { makeRoomFor } from "../lib/room.js";
import { offer } from "../lib/toast-action.js";

const STAYS_MS = 10_000;
const MOST = 3;

const cameFrom = new WeakMap();

export function attach(container) {
  const template = container.querySelector("template");
  let shown = []; // the newest last

  function show({ kind, title, message, action }) {
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector('[data-slot="title"]').textContent = title;
    toast.querySelector('[data-slot="message"]').textContent = message;
    toast.querySelector('[data-slot="close"]').addEventListener("click", () => dismiss(toast));
    const region = container.querySelector(`[data-slot="${kind}"]`);
    const older = [...region.children];
    region.append(toast);
    shown = [...shown.filter((old) => old.isConnected), toast];
    if (action !== null) {
      offer(toast, action, dismiss);
    }
    older.filter((old) => isOvertaken(old, toast, kind)).forEach((old) => old.remove());
    while (region.children.length > MOST) {
      region.firstElementChild.remove();
    }
    if (kind === "said") {
      leaveUnlessLookedAt(toast);
    }
  }

  container.addEventListener("focusin", ({ target, relatedTarget: from }) => {
    if (!container.contains(from)) {
      cameFrom.set(target.closest(".toast"), from);
    }
  });
  document.addEventListener("shuffify:notice", (event) => show(event.detail));
  // On the window: whatever else a key means has been done by then.
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !isWantedElsewhere(event)) {
      const newest = shown.findLast((toast) => toast.isConnected);
      dismiss(document.activeElement.closest(".toast") ?? newest);
    }
  });
  makeRoomFor(container);
}

// Escape closes dialogs and menus, and empties a search.
function isWantedElsewhere({ defaultPrevented, target }) {
  const isOpen = document.querySelector("dialog[open], :popover-open") !== null;
  return defaultPrevented || isOpen || (target.type === "search" && target.value !== "");
}

// Good news that asks for nothing makes room for the next, and what is said again is said once.
function isOvertaken(old, news, kind) {
  const asksNothing = (toast) => toast.querySelector('[data-slot="action"]').hidden;
  const isPassing = kind === "said" && asksNothing(old) && asksNothing(news);
  return (isPassing || old.textContent === news.textContent) && !old.contains(document.activeElement);
}

// Who pressed a button of a notice goes on from where they were, not from the top of the page.
function dismiss(toast) {
  if (toast === undefined) {
    return;
  }
  const hadFocus = toast.contains(document.activeElement);
  const from = cameFrom.get(toast);
  toast.remove();
  if (hadFocus) {
    const isThere = from?.isConnected && from.checkVisibility();
    (isThere ? from : document.getElementById("main")).focus({ preventScroll: true });
  }
}

function leaveUnlessLookedAt(toast) {
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), STAYS_MS); };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}
