// The form of schedules: filled from a schedule or empty, and read as the server wants it.
import { showAlgorithm, statedAlgorithm } from "./algorithm.js";
import { ask } from "./dialog.js";
import { clearErrors } from "./form.js";
import { checkedSources, showSources } from "./source-list.js";

const form = () => document.getElementById("schedule-form");
const slot = (name) => form().querySelector(`[data-slot="${name}"]`);
const chosen = (name) => form().querySelector(`[name="${name}"]:checked`).value;

const raids = () => chosen("job_type") !== "shuffle";
const shuffles = () => chosen("job_type") !== "raid";

function choose(name, value) {
  form().querySelector(`[name="${name}"][value="${value}"]`).checked = true;
}

// A list that the menu lacks, for Spotify was away or it is gone, keeps its place there.
function chooseTarget(id, name) {
  const menu = form().elements.target_playlist_id;
  menu.querySelector("[data-added]")?.remove();
  if (![...menu.options].some((option) => option.value === id)) {
    const option = new Option(name, id);
    option.dir = "auto";
    option.dataset.added = "";
    menu.append(option);
  }
  menu.value = id;
}

function chooseTiming(type, value) {
  choose("schedule_type", type);
  document.getElementById(type === "cron" ? "schedule-cron" : "schedule-interval").value = value;
}

export const missingSources = () => raids() && checkedSources(slot("sources")).length === 0;

// Shows the parts that what is chosen has a use for.
export function showParts() {
  slot("sources").hidden = !raids();
  slot("algorithm").hidden = !shuffles();
  const isCron = chosen("schedule_type") === "cron";
  for (const [part, shown] of [["cron", isCron], ["interval", !isCron]]) {
    slot(part).hidden = !shown;
    slot(part).querySelector('[name="schedule_value"]').disabled = !shown;
  }
}

export function renewSources(checked) {
  return showSources(slot("sources"), form().elements.target_playlist_id.value, checked);
}

export function readForm() {
  const target = form().elements.target_playlist_id.value;
  const algorithm = { algorithm_name: null, algorithm_params: {} };
  return {
    job_type: chosen("job_type"),
    // Absent rather than empty: "required" is the better answer to that.
    ...(target === "" ? {} : { target_playlist_id: target }),
    source_playlist_ids: raids() ? checkedSources(slot("sources")) : [],
    ...(shuffles() ? statedAlgorithm() : algorithm),
    schedule_type: chosen("schedule_type"),
    schedule_value: form().querySelector('[name="schedule_value"]:enabled').value,
  };
}

// Asks before what was typed is given up; true at once when nothing was.
export async function mayGiveUp() {
  return (
    !("touched" in form().dataset) ||
    ask({
      title: "Leave without saving?",
      message: "What you chose for this schedule is not saved yet.",
      confirm: "Leave",
      cancel: "Keep editing",
      danger: true,
    })
  );
}

// Takes null for a new schedule.
export function fillForm(schedule) {
  delete form().dataset.touched;
  // A raid alone has no algorithm; the form then offers the default one.
  showAlgorithm(schedule?.algorithm_name ? schedule : null);
  clearErrors(form());
  form().dataset.schedule = schedule?.id ?? "";
  slot("title").textContent = schedule === null ? "New schedule" : "Change schedule";
  chooseTarget(schedule?.target_playlist_id ?? "", schedule?.target_playlist_name ?? "");
  choose("job_type", schedule?.job_type ?? "shuffle");
  if (schedule !== null) {
    chooseTiming(schedule.schedule_type, schedule.schedule_value);
  }
  showParts();
  renewSources(schedule?.source_playlist_ids ?? []);
  form().dispatchEvent(new CustomEvent("shuffify:filled"));
}
