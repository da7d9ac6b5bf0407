// Adds sources to the playlist of a schedule and removes them, in place.
import { del, post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { clearErrors, showErrors } from "../lib/form.js";
import { makeSource, tellSources } from "../lib/source-list.js";

export function attach(fieldset) {
  const slot = (name) => fieldset.querySelector(`[data-slot="${name}"]`);
  const input = fieldset.querySelector('[name="source_url"]');
  const { target_playlist_id: target } = fieldset.form.elements;

  function changed() {
    fieldset.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const refuse = (message) => showErrors(fieldset, new Map([["source_url", message]]));

  async function add() {
    clearErrors(fieldset);
    if (target.value === "" || input.value.trim() === "") {
      refuse(target.value === "" ? "Choose the playlist first." : "Name a playlist first.");
      return;
    }
    try {
      const url = `/playlist/${target.value}/upstream-sources`;
      const { source, message } = await post(url, { source_url: input.value.trim() });
      const known = fieldset.querySelector(`[data-source="${source.id}"] input`);
      if (known === null) {
        slot("source-list").prepend(makeSource(fieldset, source, true));
      } else {
        known.checked = true;
      }
      input.value = "";
      tellSources(fieldset, message);
      changed();
    } catch (error) {
      refuse(error.fields.get("source_url") ?? error.message);
    }
  }

  async function remove(item) {
    try {
      const { message } = await del(`/upstream-sources/${item.dataset.source}`);
      item.remove();
      tellSources(fieldset, message);
      changed();
      input.focus();
    } catch (error) {
      tellSources(fieldset, error.message);
    }
  }

  const addOnce = () => whileBusy(slot("add-source"), "Adding…", add);

  slot("add-source").addEventListener("click", addOnce);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      // The form's own answer to Enter would be to save the schedule.
      event.preventDefault();
      addOnce();
    }
  });
  slot("source-list").addEventListener("click", (event) => {
    const button = event.target.closest('[data-slot="remove-source"]');
    if (button !== null) {
      whileBusy(button, "Removing…", () => remove(button.closest("li")));
    }
  });
}
