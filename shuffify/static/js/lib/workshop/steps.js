// The steps that can be taken back and done again; pure. A step is { label, rows }: what it did,
// and the rows on its other side.

const MOST = 100;

export const noSteps = () => ({ past: [], future: [] });

export const recorded = ({ past }, label, before) => ({
  past: [...past, { label, rows: before }].slice(-MOST),
  future: [],
});

// Returns the rows to show and the steps that are left then; null where there is no step.
function walked(from, to, rows) {
  const step = from.at(-1);
  const back = [...to, { label: step?.label, rows }];
  return step === undefined ? null : { ...step, from: from.slice(0, -1), to: back };
}

export function takenBack({ past, future }, rows) {
  const step = walked(past, future, rows);
  return step && { ...step, steps: { past: step.from, future: step.to } };
}

export function doneAgain({ past, future }, rows) {
  const step = walked(future, past, rows);
  return step && { ...step, steps: { past: step.to, future: step.from } };
}
