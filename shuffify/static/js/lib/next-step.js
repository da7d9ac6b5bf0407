// Leads on from an error about a playlist: what it says, and a button for what helps.
import { warn } from "./notice.js";
import { openSnapshots } from "./snapshots.js";

const again = ({ retry }) => retry && { label: "Try again", run: retry };
const reload = () => ({ label: "Reload the page", run: () => location.reload() });
const goTo = (label) => (_, { login_url: url }) => ({ label, run: () => location.assign(url) });

// Error code -> what may be done about it; codes without an entry leave it at the message.
const STEPS = {
  playlist_busy: again,
  playlist_changed: again,
  spotify_error: again,
  spotify_timeout: again,
  database_unavailable: again,
  network: again,
  rate_limited: ({ retry }, { retry_after: after }) =>
    retry && { label: "Try again", run: retry, after },
  write_failed: ({ playlist, retry }, { restored, snapshot_id: id }) =>
    restored || id === null
      ? again({ retry })
      : { label: "Show the saved order", run: () => openSnapshots(playlist, id) },
  reconnect_required: goTo("Reconnect Spotify"),
  missing_scope: goTo("Reconnect Spotify"),
  login_required: goTo("Log in"),
  csrf_failed: reload,
  interrupted: reload,
  unreadable: reload,
  not_found: reload,
  not_editable: reload,
};

// `steps` adds to the table or overrides it: code -> (what, answer) -> action or null.
export function nextStep(error, { playlist, retry = null, steps = {} }) {
  const step = { ...STEPS, ...steps }[error.code];
  return step?.({ playlist, retry }, error.answer) ?? null;
}

// Says it in a notice.
export function explain(error, what) {
  warn(error.message, what.playlist.name, nextStep(error, what));
}

// Says it in a box of the page: for dialogs, which cover the notices.
export function showTrouble(box, error, what) {
  const text = document.createElement("p");
  text.textContent = error.message;
  box.replaceChildren(text);
  const step = nextStep(error, what);
  if (step !== null) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button", textContent: step.label });
    button.addEventListener("click", step.run);
    box.append(button);
  }
}
