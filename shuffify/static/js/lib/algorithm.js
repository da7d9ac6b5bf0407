// Reads and fills the algorithm menu: what a shuffle is to be asked for.

const menu = () => document.getElementById("algorithm-menu");
const select = () => menu().querySelector('[name="algorithm_name"]');
const inputsOf = (fields) => [...fields.querySelectorAll("input, select")];

export function chosenFields() {
  const name = select().value;
  return [...menu().querySelectorAll("fieldset")].find((set) => set.dataset.algorithm === name);
}

export function labelOf(name) {
  return [...select().options].find((option) => option.value === name)?.textContent ?? null;
}

// Returns what the menu says, fit or not: a number that is none becomes null on its way.
export function statedAlgorithm() {
  const params = inputsOf(chosenFields()).map((input) => [
    input.name,
    input.type === "number" ? input.valueAsNumber : input.value,
  ]);
  return { algorithm_name: select().value, algorithm_params: Object.fromEntries(params) };
}

// Returns null when an input does not fit; the browser then says which and why.
export function readAlgorithm() {
  const fits = inputsOf(chosenFields()).every((input) => input.reportValidity());
  return fits ? statedAlgorithm() : null;
}

// Resets the menu's form and shows a choice as readAlgorithm returned it; null, or one that is
// no more, shows the default.
export function showAlgorithm(choice) {
  select().form.reset();
  if (choice !== null && labelOf(choice.algorithm_name) !== null) {
    select().value = choice.algorithm_name;
    for (const input of inputsOf(chosenFields())) {
      input.value = choice.algorithm_params[input.name] ?? input.value;
    }
  }
  select().dispatchEvent(new Event("change"));
}
