// Shows notices: good news leaves by itself, warnings stay until they are closed.

const STAYS_MS = 10_000;
const MOST = 3;

const cameFrom = new WeakMap();

export function attach(container) {
  const template = container.querySelector("template");

  function show({ kind, title, message, action }) {
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector('[data-slot="title"]').textContent = title;
    toast.querySelector('[data-slot="message"]').textContent = message;
    toast.querySelector('[data-slot="close"]').addEventListener("click", () => dismiss(toast));
    const region = container.querySelector(`[data-slot="${kind}"]`);
    const older = [...region.children];
    region.append(toast);
    if (action !== null) {
      offer(toast, action);
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
}

// Good news that asks for nothing makes room for the next, and what is said again is said once.
function isOvertaken(old, news, kind) {
  const asksNothing = (toast) => toast.querySelector('[data-slot="action"]').hidden;
  const isPassing = kind === "said" && asksNothing(old) && asksNothing(news);
  return (isPassing || old.textContent === news.textContent) && !old.contains(document.activeElement);
}

// Who pressed a button of a notice goes on from where they were, not from the top of the page.
function dismiss(toast) {
  const hadFocus = toast.contains(document.activeElement);
  const from = cameFrom.get(toast);
  toast.remove();
  if (hadFocus) {
    const isThere = from?.isConnected && from.checkVisibility();
    (isThere ? from : document.getElementById("main")).focus({ preventScroll: true });
  }
}

// An action may have to wait: `after` seconds it can be pressed, and until then the button counts.
function offer(toast, { label, run, after = 0 }) {
  const button = toast.querySelector('[data-slot="action"]');
  button.textContent = label;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") {
      dismiss(toast);
      run();
    }
  });
  if (after > 0) {
    countDown(button, Date.now() + after * 1000);
  }
}

function countDown(button, end) {
  const left = document.createElement("span");
  // Unseen by screen readers, which would read out every second of it.
  left.setAttribute("aria-hidden", "true");
  button.append(left);
  button.setAttribute("aria-disabled", "true");
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    left.textContent = seconds > 0 ? ` in ${seconds} s` : "";
    if (seconds > 0 && button.isConnected) {
      setTimeout(tick, 1000);
    } else {
      button.removeAttribute("aria-disabled");
    }
  };
  tick();
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
