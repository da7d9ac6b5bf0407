// Shuffles a playlist as it was last chosen for it, and says what changed.
import { undoAction } from "./going-back.js";
import { recall, remember } from "./memory.js";
import { explain } from "./next-step.js";
import { say } from "./notice.js";
import { userId } from "./viewer.js";
import { write } from "./writes.js";

const keyOf = ({ id }) => `shuffle:${userId()}:${id}`;

// { algorithm_name, algorithm_params }, or null while the user's default decides.
export const chosenFor = (playlist) => recall(keyOf(playlist));
export const choose = (playlist, choice) => remember(keyOf(playlist), choice);

// What does not fit is a matter of the choice: `chooseAnew` shows it.
export async function shuffle(playlist, { seed = null, chooseAnew }) {
  const body = { ...chosenFor(playlist), ...(seed === null ? {} : { seed }) };
  let answer;
  try {
    answer = await write(playlist, `/shuffle/${playlist.id}`, body, "Shuffling");
  } catch (error) {
    const other = () => ({ label: "Shuffle differently", run: chooseAnew });
    const steps = { unwritable_rows: other, invalid_request: other };
    const retry = () => shuffle(playlist, { seed, chooseAnew });
    explain(error, { playlist, retry, steps });
    return;
  }
  if (answer !== null) {
    say(answer.message, playlist.name, answer.undoable ? undoAction(playlist) : null);
  }
}
