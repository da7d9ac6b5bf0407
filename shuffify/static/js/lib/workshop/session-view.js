// Shows the saved lists of a playlist.
import { counted } from "../card.js";
import { fillTime } from "../time.js";

const NAMES = { open: "Open", update: "Update", rename: "Rename", remove: "Delete" };

export function makeSession(session, { isOpen }) {
  const template = document.getElementById("workshop-session");
  const item = template.content.firstElementChild.cloneNode(true);
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  slot("name").textContent = session.session_name;
  slot("count").textContent = counted(session.track_count, "track");
  fillTime(slot("time"), session.updated_at);
  item.dataset.session = session.id;
  item.classList.toggle("session-open", isOpen);
  for (const [act, name] of Object.entries(NAMES)) {
    const button = item.querySelector(`[data-act="${act}"]`);
    button.setAttribute("aria-label", `${name} “\u2068${session.session_name}\u2069”`);
    button.title = act === "update" ? "Keep the list as it stands here in its place" : "";
  }
  return item;
}
