// Undo and redo of what was done to the list on this page; the buttons say what they would do.
import { announce } from "../lib/workshop/announce.js";
import { redo, undo, watch, workshop } from "../lib/workshop/store.js";

const lower = (label) => ` ${label[0].toLowerCase()}${label.slice(1)}`;
const DONE = { undo: "Undone", redo: "Redone" };
const isText = (element) => element.matches("input:not([type=checkbox]), textarea, select");

export function attach(tools) {
  const slot = (name) => tools.querySelector(`[data-slot="${name}"]`);

  function show() {
    for (const [name, steps] of [["undo", workshop.steps.past], ["redo", workshop.steps.future]]) {
      const label = steps.at(-1)?.label ?? null;
      slot(`${name}-what`).textContent = label === null ? "" : lower(label);
      slot(name).setAttribute("aria-disabled", String(label === null));
      slot(name).title = label ?? "";
    }
  }

  function walk(verb, way) {
    const label = way();
    announce(label === null ? `There is nothing to ${verb}.` : `${DONE[verb]}: ${label}.`);
  }

  slot("undo").addEventListener("click", () => walk("undo", undo));
  slot("redo").addEventListener("click", () => walk("redo", redo));
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    const isWanted = (event.ctrlKey || event.metaKey) && !event.altKey && "zy".includes(key);
    if (!isWanted || isText(event.target) || document.querySelector("dialog[open]")) {
      return;
    }
    event.preventDefault();
    key === "y" || event.shiftKey ? walk("redo", redo) : walk("undo", undo);
  });
  watch(["rows"], show);
}
