// Tracks that were found, each with a way to add it; those in the list already are marked.
import { add, canAdd } from "./adding.js";
import { fillTrack } from "./row-view.js";
import { makeRow } from "./rows.js";
import { watch, workshop } from "./store.js";

const CHUNK = 100;
let made = 0;

function makeFind(track) {
  const item = document.getElementById("workshop-find").content.firstElementChild.cloneNode(true);
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  fillTrack(item, makeRow(track));
  slot("name").id = `find-${(made += 1)}`;
  slot("pick").setAttribute("aria-labelledby", `workshop-select ${slot("name").id}`);
  slot("add").setAttribute("aria-labelledby", `workshop-add ${slot("name").id}`);
  slot("pick").disabled = slot("add").disabled = !canAdd(track);
  return item;
}

export function showFinds(list) {
  let tracks = [];
  let frame = 0;

  const boxes = () => [...list.querySelectorAll('[data-slot="pick"]')];

  function mark() {
    const here = new Set(workshop.rows.map((row) => row.track.uri));
    [...list.children].forEach((item, index) => {
      item.querySelector('[data-slot="known"]').hidden = !here.has(tracks[index].uri);
    });
  }

  // Long lists come in chunks, so that the page answers meanwhile.
  function grow(most = CHUNK) {
    cancelAnimationFrame(frame);
    const from = list.children.length;
    list.append(...tracks.slice(from, from + most).map(makeFind));
    mark();
    frame = list.children.length < tracks.length ? requestAnimationFrame(() => grow()) : 0;
  }

  function append(more) {
    tracks = [...tracks, ...more];
    grow();
  }

  function show(found) {
    list.replaceChildren();
    tracks = [];
    append(found);
  }

  list.addEventListener("click", ({ target }) => {
    const button = target.closest('[data-slot="add"]');
    if (button !== null) {
      add([tracks[[...list.children].indexOf(button.closest("li"))]]);
    }
  });
  list.addEventListener("error", (event) => (event.target.hidden = true), { capture: true });
  watch(["rows"], mark);

  return {
    show,
    append,
    picked: () => tracks.filter((_, index) => boxes()[index]?.checked),
    fresh() {
      const here = new Set(workshop.rows.map((row) => row.track.uri));
      return tracks.filter((track) => canAdd(track) && !here.has(track.uri));
    },
    pickAll(isPicked) {
      grow(Infinity);
      for (const box of boxes().filter((each) => !each.disabled)) {
        box.checked = isPicked;
      }
    },
  };
}
