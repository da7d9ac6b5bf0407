// Shows why something failed, what stands now, and what helps.

const REMEDIES = {
  playlist_busy: "Somebody else, or a schedule, writes to this playlist. Try again in a moment.",
  unwritable_rows:
    "Local files can be moved, but an app can neither add nor delete them. Undo the step that" +
    " took one out; or move fewer tracks, and save more often.",
  not_editable: "You may no longer edit this playlist. Save your list as a workshop session.",
  login_required: "Your changes are kept in this browser, and offered again when you are back.",
  reconnect_required: "Your changes are kept in this browser, and offered again when you are back.",
};

function paragraph(text) {
  const line = document.createElement("p");
  line.textContent = text;
  return line;
}

function wayBack(url) {
  const link = document.createElement("a");
  link.className = "button";
  link.href = url;
  link.textContent = "Log in";
  return link;
}

export function showProblem(box, { message, code, answer }) {
  const remedy = REMEDIES[code];
  box.replaceChildren(paragraph(message), ...(remedy ? [paragraph(remedy)] : []));
  if (answer?.login_url) {
    box.append(wayBack(answer.login_url));
  }
  box.hidden = false;
}
