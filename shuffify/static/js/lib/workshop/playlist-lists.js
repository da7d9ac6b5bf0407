// Lists of playlists to open: the user's own ones, or what a search found.
import { counted } from "../card.js";
import { safeUrl } from "../links.js";

let made = 0;

const factsOf = ({ owner_display_name: owner, total_tracks: total, track_count: count }) =>
  [owner, counted(total ?? count ?? 0, "track")].filter(Boolean).join(" · ");

export function makeListItem(playlist, open) {
  const item = document.getElementById("workshop-list").content.firstElementChild.cloneNode(true);
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  const isReadable = playlist.readable ?? true;
  slot("name").textContent = playlist.name;
  slot("name").id = `list-${(made += 1)}`;
  slot("facts").textContent = isReadable
    ? factsOf(playlist)
    : "Spotify shows its tracks only to its owner and collaborators";
  const cover = safeUrl(playlist.image_url);
  if (cover !== null) {
    slot("cover").hidden = false;
    slot("cover").src = cover;
  }
  slot("open").disabled = !isReadable;
  slot("open").setAttribute("aria-labelledby", `workshop-open ${slot("name").id}`);
  slot("open").addEventListener("click", () => open(playlist));
  return item;
}
