// Takes a snapshot by hand; what is wrong stands beside the field, and what was typed stays.
import { post } from "./api.js";
import { whileBusy } from "./busy.js";
import { clearErrors, showError, showErrors } from "./form.js";
import { localTime } from "./time.js";

const FIELD = "trigger_description";

// `taken` is told the server's message, `show` the id of a snapshot to look at.
export function attachForm(form, { taken, show }) {
  const button = form.querySelector('[type="submit"]');
  const oldest = form.querySelector('[data-do="oldest"]');
  let playlist = null;
  let byHand = [];

  function explainLimit(error) {
    const first = byHand.at(-1);
    const hint = first ? ` The oldest is of ${localTime(first.created_at)}.` : "";
    showErrors(form, new Map([[FIELD, error.message + hint]]));
    oldest.hidden = !first;
  }

  async function take() {
    clearErrors(form);
    oldest.hidden = true;
    try {
      const body = { [FIELD]: form.elements[FIELD].value };
      const { message } = await post(`/playlist/${playlist.id}/snapshots`, body);
      form.reset();
      await taken(message);
    } catch (error) {
      if (error.code === "limit_reached") {
        explainLimit(error);
      } else {
        showError(form, error);
      }
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(button, "Reading the list…", take);
  });
  oldest.addEventListener("click", () => show(byHand.at(-1).id));

  return {
    begin(wanted) {
      playlist = wanted;
      form.reset();
      clearErrors(form);
      oldest.hidden = true;
    },
    know(snapshots) {
      byHand = snapshots.filter(({ snapshot_type: type }) => type === "manual");
    },
  };
}
