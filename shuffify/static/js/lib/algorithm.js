// Reads and fills the algorithm menu: what a shuffle is to be asked for.

const form = () => document.getElementById("algorithm-menu");

export function chosenFields() {
  const name = form().elements.algorithm_name.value;
  return [...form().querySelectorAll("fieldset")].find((set) => set.dataset.algorithm === name);
}

export function labelOf(name) {
  const options = [...form().elements.algorithm_name.options];
  return options.find((option) => option.value === name)?.textContent ?? null;
}

const inputsOf = (fields) => [...fields.querySelectorAll("input, select")];

// Returns null when an input does not fit; the browser then says which and why.
export function readAlgorithm() {
  const inputs = inputsOf(chosenFields());
  if (!inputs.every((input) => input.reportValidity())) {
    return null;
  }
  const params = inputs.map((input) => [
    input.name,
    input.type === "number" ? input.valueAsNumber : input.value,
  ]);
  return {
    algorithm_name: form().elements.algorithm_name.value,
    algorithm_params: Object.fromEntries(params),
  };
}

// Shows a choice as readAlgorithm returned it; null, or one that is no more, shows the default.
export function showAlgorithm(choice) {
  form().reset();
  if (choice !== null && labelOf(choice.algorithm_name) !== null) {
    form().elements.algorithm_name.value = choice.algorithm_name;
    for (const input of inputsOf(chosenFields())) {
      input.value = choice.algorithm_params[input.name] ?? input.value;
    }
  }
  form().elements.algorithm_name.dispatchEvent(new Event("change"));
}
