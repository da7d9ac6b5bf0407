// What this browser knows about tracks that are not in the playlist: saved sessions hold only
// addresses, so what was added to one keeps its name here.
import { userId } from "../viewer.js";

const MOST = 1_000;

const known = new Map();
const place = () => `shuffify:tracks:${userId()}`;

function kept() {
  try {
    return new Map(JSON.parse(localStorage.getItem(place()) ?? "[]"));
  } catch {
    return new Map();
  }
}

export function meet(tracks) {
  for (const track of tracks) {
    known.set(track.uri, track);
  }
}

export function keepKnown(tracks) {
  const all = kept();
  for (const track of tracks) {
    all.delete(track.uri);
    all.set(track.uri, track);
  }
  try {
    localStorage.setItem(place(), JSON.stringify([...all].slice(-MOST)));
  } catch {
    // Their names are a convenience: without storage they are shown by their addresses.
  }
}

// Of one that this browser has never met, its address is all there is to show.
export function trackOf(uri) {
  const [, type, id] = uri.split(":");
  const isLocal = type === "local";
  return known.get(uri) ?? kept().get(uri) ?? {
    uri, id: isLocal ? null : id, name: isLocal ? "" : `${type} ${id}`, type: "track", artists: [],
    album_name: null, album_image_url: null, duration_ms: null, explicit: false, added_at: null,
    is_local: isLocal, is_playable: true,
    url: isLocal ? null : `https://open.spotify.com/${type}/${id}`,
  };
}
