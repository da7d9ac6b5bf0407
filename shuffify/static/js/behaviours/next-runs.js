// Shows when the schedule of its form would run, by a dry run after each pause in typing.
import { post, put } from "../lib/api.js";
import { missingSources, readForm } from "../lib/schedule-form.js";
import { makeTime, weekdayOf } from "../lib/time.js";

// The server lets somebody look 60 times a minute.
const PAUSE_MS = 500;

export function attach(section) {
  const form = section.closest("form");
  const said = section.querySelector('[data-slot="said"]');
  const times = section.querySelector('[data-slot="times"]');
  let timer = null;
  let asked = "";

  function show(text, moments = []) {
    said.textContent = text;
    times.replaceChildren(
      ...moments.map((moment) => {
        const item = document.createElement("li");
        item.append(`${weekdayOf(moment)}, `, makeTime(moment));
        return item;
      }),
    );
  }

  function dryRun(id, body) {
    const wanted = { ...body, dry_run: true };
    // A schedule that is off has no next runs: shown are those that it has once it is on.
    return id === ""
      ? post("/schedules/create", wanted)
      : put(`/schedules/${id}`, { ...wanted, is_enabled: true });
  }

  async function ask(id, body, question) {
    try {
      const { schedule, next_runs: moments } = await dryRun(id, body);
      if (asked === question) {
        show(`${schedule.words.when}, by the clocks of ${schedule.words.zone}:`, moments);
      }
    } catch (error) {
      if (asked === question) {
        asked = "";
        show([...error.fields.values()][0] ?? error.message);
      }
    }
  }

  function look() {
    const body = readForm();
    const id = form.dataset.schedule;
    const question = JSON.stringify([id, body]);
    if (question === asked) {
      return;
    }
    asked = question;
    if (!("target_playlist_id" in body)) {
      show("Choose a playlist to see when it would run.");
    } else if (missingSources()) {
      show("Choose a source to see when it would run.");
    } else {
      ask(id, body, question);
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("shuffify:filled", () => {
    asked = "";
    later();
  });
  form.closest("dialog").addEventListener("close", () => clearTimeout(timer));
}
