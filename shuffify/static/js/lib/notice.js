// Says something to the user; behaviours/toasts.js shows it.

function announce(kind, title, message) {
  document.dispatchEvent(new CustomEvent("shuffify:notice", { detail: { kind, title, message } }));
}

export const say = (message, title = "") => announce("said", title, message);
export const warn = (message, title = "") => announce("warned", title, message);
