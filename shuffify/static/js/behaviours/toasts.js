// Shows notices: good news leaves by itself, warnings stay until they are closed.

const STAYS_MS = 10_000;
const MOST = 3;

export function attach(container) {
  const template = container.querySelector("template");

  function show({ kind, title, message, action }) {
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelector('[data-slot="title"]').textContent = title;
    toast.querySelector('[data-slot="message"]').textContent = message;
    toast.querySelector('[data-slot="close"]').addEventListener("click", () => toast.remove());
    if (action !== null) {
      offer(toast, action);
    }
    const region = container.querySelector(`[data-slot="${kind}"]`);
    region.append(toast);
    while (region.children.length > MOST) {
      region.firstElementChild.remove();
    }
    if (kind === "said") {
      leaveUnlessLookedAt(toast);
    }
  }

  document.addEventListener("shuffify:notice", (event) => show(event.detail));
}

function offer(toast, { label, run }) {
  const button = toast.querySelector('[data-slot="action"]');
  button.textContent = label;
  button.hidden = false;
  button.addEventListener("click", () => {
    toast.remove();
    run();
  });
}

function leaveUnlessLookedAt(toast) {
  let timer;
  const start = () => {
    timer = setTimeout(() => toast.remove(), STAYS_MS);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}
