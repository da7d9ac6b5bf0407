// Tries a shuffle out: of the selected rows in their places, or of all. Nothing is written.
import { labelOf, readAlgorithm } from "../lib/algorithm.js";
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { say, warnOf } from "../lib/notice.js";
import { undoing } from "../lib/workshop/moves.js";
import { playlistId } from "../lib/workshop/page.js";
import { isFree, reordered, rowsFor } from "../lib/workshop/rows.js";
import { edit, watch, workshop } from "../lib/workshop/store.js";

// One selected row has no other order: it stands for none.
function chosenRows() {
  const selected = workshop.rows.filter((row) => workshop.selected.has(row.key));
  return (selected.length > 1 ? selected : workshop.rows).filter(isFree);
}

const told = ({ track }) => ({
  uri: track.uri,
  name: track.name,
  artists: track.artists.map((artist) => artist.name),
  album_name: track.album_name,
});

async function preview() {
  const algorithm = readAlgorithm();
  if (algorithm === null) {
    return;
  }
  const rows = chosenRows();
  try {
    const url = `/workshop/${playlistId()}/preview-shuffle`;
    const answer = await post(url, { ...algorithm, tracks: rows.map(told) });
    const order = rowsFor(answer.shuffled_uris, rows);
    // The list may have changed while the server thought.
    const isStill = rows.every((row) => workshop.rows.includes(row));
    const name = labelOf(answer.algorithm_name) ?? answer.algorithm_name;
    if (isStill && edit(`Shuffle (${name})`, reordered(workshop.rows, order))) {
      const words = `${counted(rows.length, "track")}, ${name}, seed ${answer.seed}.`;
      say(`${words} Nothing is saved yet.`, "", undoing());
    } else {
      say("The order stayed as it is. Try again for another one.");
    }
  } catch (error) {
    warnOf(error);
  }
}

export function attach(form) {
  const button = form.querySelector('[data-slot="preview"]');
  const what = form.querySelector('[data-slot="what"]');
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(button, "Shuffling…", preview);
  });
  watch(["selected"], () => {
    const { size } = workshop.selected;
    const rows = size > 1 ? `the ${size.toLocaleString("en")} selected tracks` : "all tracks";
    what.textContent = `Tries out a new order for ${rows}. Nothing is written until you save.`;
  });
}
