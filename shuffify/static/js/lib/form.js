// Puts errors beside the fields that they belong to; what was typed stays.

let made = 0;

// A field is named as it was sent, algorithm_params.section_count; its input may bear the end.
function inputOf(form, path) {
  const names = [path, path.split(".").pop()];
  const inputs = [...form.elements].filter(
    (input) => names.includes(input.name) && !input.disabled && input.checkVisibility(),
  );
  return inputs.find((input) => input.name === path) ?? inputs[0] ?? null;
}

function describe(input, message) {
  const text = document.createElement("p");
  text.className = "field-error";
  text.id = `field-error-${(made += 1)}`;
  text.textContent = message;
  // Of several inputs that share a group, as radios do, the message stands below them all.
  (input.closest(".field, fieldset") ?? input.parentElement).append(text);
  const before = input.getAttribute("aria-describedby");
  input.setAttribute("aria-describedby", before ? `${before} ${text.id}` : text.id);
  input.setAttribute("aria-invalid", "true");
}

function summarise(form, messages) {
  const box = document.createElement("div");
  box.className = "notice notice-error form-errors";
  box.tabIndex = -1;
  box.setAttribute("role", "alert");
  for (const message of messages) {
    const line = document.createElement("p");
    line.textContent = message;
    box.append(line);
  }
  form.prepend(box);
  return box;
}

export function clearErrors(form) {
  const shown = [...form.querySelectorAll(".field-error")];
  const ids = shown.map((text) => text.id);
  for (const input of form.querySelectorAll('[aria-invalid="true"]')) {
    const described = (input.getAttribute("aria-describedby") ?? "").split(" ");
    const kept = described.filter((id) => !ids.includes(id)).join(" ");
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
    if (kept) {
      input.setAttribute("aria-describedby", kept);
    }
  }
  for (const element of [...shown, ...form.querySelectorAll(".form-errors")]) {
    element.remove();
  }
}

// Takes ApiError.fields; errors without an input of their own stand above the form.
export function showErrors(form, fields) {
  clearErrors(form);
  const homeless = [];
  const invalid = [];
  for (const [path, message] of fields) {
    const input = inputOf(form, path);
    if (input === null) {
      homeless.push(path === "body" ? message : `${path}: ${message}`);
    } else {
      describe(input, message);
      invalid.push(input);
    }
  }
  const box = homeless.length > 0 ? summarise(form, homeless) : null;
  // The server names fields in its own order; people read from the top.
  (box ?? [...form.elements].find((input) => invalid.includes(input)))?.focus();
}

// Takes any ApiError: without fields, its message stands above the form.
export function showError(form, error) {
  showErrors(form, error.fields.size > 0 ? error.fields : new Map([["body", error.message]]));
}
