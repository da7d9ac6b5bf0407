// Saved lists: kept under a name, opened, brought up to date, renamed and deleted.
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { ask } from "../lib/dialog.js";
import { clearErrors, showError } from "../lib/form.js";
import { say, warnOf } from "../lib/notice.js";
import { undoing } from "../lib/workshop/moves.js";
import { askName } from "../lib/workshop/rename.js";
import { makeSession } from "../lib/workshop/session-view.js";
import * as server from "../lib/workshop/sessions.js";

export function attach(box) {
  const slot = (name) => box.querySelector(`[data-slot="${name}"]`);
  const form = box.querySelector("form");
  const list = slot("sessions");
  let sessions = null; // until they were read
  let opened = null; // the id of the one that was opened or saved last

  // The button that was pressed is made anew with its list: the focus goes to its like.
  function show() {
    const { act } = document.activeElement.dataset;
    const held = document.activeElement.closest("[data-session]")?.dataset.session;
    list.replaceChildren(
      ...sessions.map((each) => makeSession(each, { isOpen: each.id === opened })),
    );
    slot("said").textContent = sessions.length > 0
      ? `${counted(sessions.length, "saved list")} of this playlist, 10 at most.`
      : "No list is saved for this playlist yet.";
    if (held !== undefined) {
      const like = list.querySelector(`[data-session="${held}"] [data-act="${act}"]`);
      (like ?? form.elements.session_name).focus();
    }
  }

  async function read() {
    slot("retry").hidden = true;
    try {
      sessions = await server.listSessions();
      show();
    } catch (error) {
      slot("said").textContent = error.message;
      slot("retry").hidden = false;
    }
  }

  async function save() {
    clearErrors(form);
    try {
      const { message, session } = await server.saveSession(form.elements.session_name.value);
      opened = session.id;
      form.reset();
      say(message);
      await read();
    } catch (error) {
      showError(form, error);
    }
  }

  const acts = {
    async open({ id }) {
      say(await server.openSession(id), "", undoing());
      opened = id;
    },
    async update({ id }) {
      say((await server.updateSession(id)).message);
      opened = id;
    },
    async rename({ id, session_name: name }) {
      await askName(name, (other) => server.renameSession(id, other));
    },
    async remove({ id, session_name: name }) {
      const title = "Delete this saved list?";
      const message = `“\u2068${name}\u2069” leaves this server. The playlist and this page stay.`;
      if (await ask({ title, message, confirm: "Delete", danger: true })) {
        say((await server.deleteSession(id)).message);
      }
    },
  };

  list.addEventListener("click", async ({ target }) => {
    const button = target.closest("[data-act]");
    const id = Number(button?.closest("[data-session]").dataset.session);
    const session = sessions.find((each) => each.id === id);
    try {
      await (session && acts[button.dataset.act](session));
    } catch (error) {
      warnOf(error, session.session_name);
    }
    await read();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form.querySelector("button"), "Keeping…", save);
  });
  slot("retry").addEventListener("click", read);
  box.closest(".side-panel").addEventListener("shuffify:opened", () => sessions ?? read());
}
