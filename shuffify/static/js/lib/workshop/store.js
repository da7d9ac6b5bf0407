// What the workshop of this page holds: the list as Spotify had it, as it stands now, the steps
// between them, what is selected. Behaviours watch it and never each other.
import { sameList } from "./rows.js";
import { doneAgain, noSteps, recorded, takenBack } from "./steps.js";

const changes = new EventTarget();

export const workshop = {
  playlist: null, // without its rows; null until it was read
  base: [],
  rows: [],
  steps: noSteps(),
  selected: new Set(), // keys of rows
  lifted: null, // the rows before the move that is under way
  conflict: null, // the list as somebody else has written it meanwhile
  isWriting: false,
};
const state = workshop;

// Kinds: "loaded" (a list was read), "rows", "selected", "filter"; and "leaving" (another list is
// to take this one's place), "conflict". The former are told at once as well when there is a list.
export function watch(kinds, show) {
  for (const kind of kinds) {
    changes.addEventListener(kind, () => show(kind));
  }
  if (state.playlist !== null) {
    kinds.filter((kind) => !["leaving", "conflict"].includes(kind)).forEach(show);
  }
}

export const tell = (kind) => changes.dispatchEvent(new Event(kind));

export const isChanged = () => state.playlist !== null && !sameList(state.base, state.rows);

const isShown = (rows) =>
  rows.length === state.rows.length && rows.every((row, index) => row === state.rows[index]);

function put(rows) {
  state.rows = rows;
  const here = new Set(rows.map((row) => row.key));
  const selected = new Set([...state.selected].filter((key) => here.has(key)));
  tell("rows");
  if (selected.size < state.selected.size) {
    select(selected);
  }
}

export function load(playlist, base, rows = base) {
  Object.assign(state, { playlist, base, rows, steps: noSteps(), lifted: null });
  tell("loaded");
  put(rows);
}

// A step that can be taken back; the label says what: "Remove 3 tracks".
export function edit(label, rows) {
  if (isShown(rows)) {
    return false;
  }
  state.steps = recorded(state.steps, label, state.rows);
  put(rows);
  return true;
}

// Returns the label of the step, or null where there is none.
function walk(way) {
  // Not in the middle of a move, nor while the page asks about what is to be saved.
  const isBusy = state.lifted !== null || state.conflict !== null;
  const step = isBusy ? null : way(state.steps, state.rows);
  if (step !== null) {
    state.steps = step.steps;
    put(step.rows);
  }
  return step?.label ?? null;
}
export const undo = () => walk(takenBack);
export const redo = () => walk(doneAgain);

export const lift = () => (state.lifted = state.rows);

export const tryOut = (rows) => put(rows);

// Ends a move: as one step of this label, or without one as if it had never begun.
export function settle(label = null) {
  const before = state.lifted;
  state.lifted = null;
  if (label !== null && !isShown(before)) {
    state.steps = recorded(state.steps, label, before);
  }
  put(label === null ? before : state.rows);
}

export function select(keys) {
  state.selected = new Set(keys);
  tell("selected");
}

export function setConflict(theirs) {
  state.conflict = theirs;
  tell("conflict");
}
