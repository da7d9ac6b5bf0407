// Asks for another name; what does not fit is said beside it, and what was typed stays.
import { openDialog } from "../dialog.js";
import { clearErrors, showError } from "../form.js";

// `rename` is given the name and may throw an ApiError. Returns whether it was renamed.
export async function askName(current, rename) {
  const dialog = document.getElementById("workshop-rename");
  const form = dialog.querySelector("form");
  const input = form.elements.session_name;

  async function submit(event) {
    event.preventDefault();
    clearErrors(form);
    try {
      await rename(input.value);
      dialog.close("renamed");
    } catch (error) {
      showError(form, error);
    }
  }

  clearErrors(form);
  input.value = current;
  form.addEventListener("submit", submit);
  const closed = openDialog(dialog);
  input.select();
  const answer = await closed;
  form.removeEventListener("submit", submit);
  return answer === "renamed";
}
