// Says something to the user; behaviours/toasts.js shows it.

function announce(detail) {
  document.dispatchEvent(new CustomEvent("shuffify:notice", { detail }));
}

// An action is { label, run }: a button of the notice, which leaves when it is pressed.
export const say = (message, title = "", action = null) =>
  announce({ kind: "said", title, message, action });
export const warn = (message, title = "") =>
  announce({ kind: "warned", title, message, action: null });
