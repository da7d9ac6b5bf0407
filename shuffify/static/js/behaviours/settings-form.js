// Saves the settings; shows a theme at once, and what another time zone moves before it is saved.
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { clearErrors, showError } from "../lib/form.js";
import { say } from "../lib/notice.js";
import { differing, readSettings, storedSettings, writeSettings } from "../lib/settings.js";

const SAID = "shuffify:settings-said";

export function attach(form) {
  const root = document.documentElement;
  const state = form.querySelector('[data-slot="state"]');
  const clocked = form.querySelector('[data-slot="clocked"]');
  let saved = storedSettings(form);

  const unsaved = () => differing(readSettings(form), saved);

  function show() {
    const { theme, timezone } = readSettings(form);
    root.dataset.theme = theme;
    state.textContent = Object.keys(unsaved()).length > 0 ? "Not saved yet." : "";
    if (clocked !== null) {
      clocked.hidden = timezone === saved.timezone || timezone === "";
    }
  }

  async function save() {
    clearErrors(form);
    const wanted = readSettings(form);
    try {
      // Of the rest this page may be out of date.
      const { message, settings } = await post("/settings", unsaved());
      const moved = settings.timezone !== saved.timezone;
      const typedSince = differing(readSettings(form), wanted);
      saved = settings;
      writeSettings(form, { ...settings, ...typedSince });
      if (moved) {
        // Every time on the page was written for the old zone.
        sessionStorage.setItem(SAID, message);
        location.reload();
        return;
      }
      show();
      say(message);
    } catch (error) {
      showError(form, error);
    }
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form.querySelector('[data-slot="save"]'), "Saving…", save);
  });
  // A browser that comes back to the page may have kept what was chosen.
  show();
  state.textContent ||= sessionStorage.getItem(SAID) ?? "";
  sessionStorage.removeItem(SAID);
}
