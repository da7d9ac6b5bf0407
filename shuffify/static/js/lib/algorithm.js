// Reads the algorithm menu: what a shuffle on this page is to be asked for.

const form = () => document.getElementById("algorithm-menu");

export function chosenFields() {
  const name = form().elements.algorithm_name.value;
  return [...form().querySelectorAll("fieldset")].find((set) => set.dataset.algorithm === name);
}

// Returns null when an input does not fit; the browser then says which and why.
export function readAlgorithm() {
  const inputs = [...chosenFields().querySelectorAll("input, select")];
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
