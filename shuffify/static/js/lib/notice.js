// Says something to the user; behaviours/toasts.js shows it.

function announce(detail) {
  document.dispatchEvent(new CustomEvent("shuffify:notice", { detail }));
}

// An action is { label, run }: a button of the notice, which leaves when it is pressed.
export const say = (message, title = "", action = null) =>
  announce({ kind: "said", title, message, action });
export const warn = (message, title = "", action = null) =>
  announce({ kind: "warned", title, message, action });

// Tells of an ApiError, with the way back in when the login or Spotify's consent has ended.
export function warnOf(error, title = "") {
  if (error.name !== "ApiError") {
    // A mistake of our own: it belongs into the console as well, where tests hear of it.
    reportError(error);
  }
  const { login_url: url } = error.answer ?? {};
  const label = error.code === "login_required" ? "Log in" : "Reconnect Spotify";
  warn(error.message, title, url ? { label, run: () => location.assign(url) } : null);
}
