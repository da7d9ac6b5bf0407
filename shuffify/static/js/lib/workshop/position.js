// Asks for a position, and moves rows there.
import { openDialog } from "../dialog.js";
import { clearErrors, showErrors } from "../form.js";
import { focusControl, itemOf } from "./focus.js";
import { indexOf, moveToIndex, rowsOfKeys } from "./moves.js";
import { workshop } from "./store.js";
import { rowsInWords } from "./words.js";

const dialog = () => document.getElementById("workshop-position");

// Stays open while what was typed is no position.
function refuseOthers(event) {
  const form = event.target;
  const { value, valueAsNumber, max } = form.elements.position;
  if (!Number.isInteger(valueAsNumber) || valueAsNumber < 1 || valueAsNumber > Number(max)) {
    event.preventDefault();
    const message = value === "" ? "Type a number." : `There is no such position: 1 to ${max} are.`;
    showErrors(form, new Map([["position", message]]));
  }
}

export async function askPosition(keys) {
  const rows = rowsOfKeys(keys);
  const form = dialog().querySelector("form");
  const input = form.elements.position;
  const last = workshop.rows.length - rows.length + 1;
  clearErrors(form);
  form.querySelector('[data-slot="what"]').textContent = rowsInWords(rows);
  form.querySelector('[data-slot="last"]').textContent = last.toLocaleString("en");
  Object.assign(input, { max: last, value: indexOf(rows[0].key) + 1 });
  form.addEventListener("submit", refuseOthers);
  const closed = openDialog(dialog());
  input.select();
  const answer = await closed;
  form.removeEventListener("submit", refuseOthers);
  if (answer === "move") {
    moveToIndex(keys, input.valueAsNumber - 1);
  }
  const item = itemOf(rows[0].key);
  if (item !== null) {
    focusControl(item);
  }
}
