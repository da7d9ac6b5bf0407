// Reads what a server writes line by line: {"progress": …} as it comes, the envelope at the end.

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

// Returns the next bytes, or undefined when there are no more, by whatever cause.
async function read(reader) {
  try {
    return (await reader.read()).value;
  } catch {
    return undefined;
  }
}

// Returns the envelope, or null when the stream ends without one.
export async function readLines(body, onProgress) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let text = await read(reader); text !== undefined; text = await read(reader)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const answer of lines.map(parsed)) {
      if (answer.progress) {
        onProgress(answer.progress);
      } else if (typeof answer.success === "boolean") {
        return answer;
      }
    }
  }
  return null;
}
