// Lists the playlists that another playlist may be filled from, to be checked in a form.
import { get } from "./api.js";
import { counted } from "./card.js";

const slot = (fieldset, name) => fieldset.querySelector(`[data-slot="${name}"]`);
const boxes = (fieldset) => [...fieldset.querySelectorAll('[data-slot="source"]')];

export const checkedSources = (fieldset) =>
  boxes(fieldset).filter((box) => box.checked).map((box) => box.value);

export function tellSources(fieldset, text) {
  slot(fieldset, "sources-said").textContent = text;
}

export function makeSource(fieldset, source, checked) {
  const item = fieldset.querySelector("template").content.firstElementChild.cloneNode(true);
  const box = slot(item, "source");
  box.id = `source-${source.id}`;
  box.value = source.source_playlist_id;
  box.checked = checked;
  item.dataset.source = source.id;
  item.querySelector("label").htmlFor = box.id;
  for (const name of item.querySelectorAll('[data-slot="source-name"]')) {
    name.textContent = source.source_name;
  }
  return item;
}

// Of two calls under way the later one counts, whichever is answered first.
let latest = 0;

export async function showSources(fieldset, target, checked) {
  const mine = (latest += 1);
  const list = slot(fieldset, "source-list");
  list.replaceChildren();
  if (target === "") {
    tellSources(fieldset, "Choose the playlist first.");
    return;
  }
  tellSources(fieldset, "Reading the sources…");
  let sources = [];
  let said = "";
  try {
    ({ sources } = await get(`/playlist/${target}/upstream-sources`));
    const known = `${counted(sources.length, "source")} known. Check those to take from.`;
    said = sources.length > 0 ? known : "It has no sources yet. Add the first below.";
  } catch (error) {
    said = error.message;
  }
  if (mine === latest) {
    list.replaceChildren(
      ...sources.map((one) => makeSource(fieldset, one, checked.includes(one.source_playlist_id))),
    );
    tellSources(fieldset, said);
    fieldset.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
