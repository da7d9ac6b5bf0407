// Shows the inputs of the chosen algorithm and hides those of the others.
import { chosenFields } from "../lib/algorithm.js";

export function attach(form) {
  const show = () => {
    const chosen = chosenFields();
    for (const fields of form.querySelectorAll("fieldset")) {
      fields.hidden = fields !== chosen;
      fields.disabled = fields !== chosen;
    }
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.algorithm_name.addEventListener("change", show);
  show();
}
