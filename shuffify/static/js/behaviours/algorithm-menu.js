// Shows the inputs of the chosen algorithm and hides those of the others.
import { chosenFields } from "../lib/algorithm.js";

export function attach(menu) {
  const show = () => {
    const chosen = chosenFields();
    for (const fields of menu.querySelectorAll("fieldset")) {
      fields.hidden = fields !== chosen;
      fields.disabled = fields !== chosen;
    }
  };
  menu.querySelector('[name="algorithm_name"]').addEventListener("change", show);
  show();
}
