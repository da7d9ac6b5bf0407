// Where unsaved work is kept: in this browser, for this user and playlist, one place per visit.
import { userId } from "../viewer.js";
import { playlistId } from "./page.js";

const MOST = 4;

const place = () => `shuffify:workshop:${userId()}:${playlistId()}`;
const newId = () => `${Date.now()}-${Math.random().toString(36).slice(2)}`;

let visit = newId();

export function drafts() {
  try {
    const kept = JSON.parse(localStorage.getItem(place()) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

// Returns whether the browser took it: storage may be full, or forbidden.
function put(kept) {
  try {
    if (kept.length > 0) {
      localStorage.setItem(place(), JSON.stringify(kept.slice(0, MOST)));
    } else {
      localStorage.removeItem(place());
    }
    return true;
  } catch {
    return false;
  }
}

export const others = () => drafts().filter(({ id }) => id !== visit);
export const drop = (id = visit) => put(drafts().filter((draft) => draft.id !== id));
export const keep = (draft) =>
  put([{ id: visit, at: new Date().toISOString(), ...draft }, ...others()]);

// What is kept stays; what comes next is kept beside it.
export function beginAnew() {
  visit = newId();
}
