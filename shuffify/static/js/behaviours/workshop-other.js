// Opens another playlist and picks rows from it: one's own, one that a link names, or one found.
import { get, post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { clearErrors, showError } from "../lib/form.js";
import { makeListItem } from "../lib/workshop/playlist-lists.js";
import { playlistId } from "../lib/workshop/page.js";
import { showOtherList } from "../lib/workshop/other-list.js";

const REFERENCE = /^(https?:\/\/|open\.spotify\.com\/|spotify:)|^[A-Za-z0-9]{22}$/;

const REMEDY = "In Spotify, copy its tracks into a playlist of your own; then open that one here.";

export function attach(form) {
  const said = document.getElementById("other-said");
  const lists = document.getElementById("other-lists");
  const input = form.elements.url;
  const button = form.querySelector("button");
  const other = showOtherList(document.getElementById("other-list"), {
    back: () => turnTo(lists.parentElement),
  });

  function turnTo(part) {
    lists.parentElement.hidden = part !== lists.parentElement;
    other.box.hidden = part !== other.box;
    if (part === lists.parentElement) {
      (lists.querySelector("button:enabled") ?? input).focus();
    }
  }

  function showLists(playlists, words) {
    said.textContent = words;
    const choose = ({ id }) => open({ url: id });
    lists.replaceChildren(...playlists.map((each) => makeListItem(each, choose)));
    lists.parentElement.hidden = false;
    other.box.hidden = true;
  }

  const shows = {
    tracks({ playlist, tracks }) {
      said.textContent = `${counted(tracks.length, "track")} to pick from.`;
      other.show(playlist, tracks);
      turnTo(other.box);
      other.focus();
    },
    search: ({ playlists }) =>
      showLists(playlists, playlists.length > 0
        ? `${counted(playlists.length, "playlist")} found.`
        : "No playlist found. Try other words, or paste its link."),
    restricted: ({ reason }) => showLists([], `${reason} ${REMEDY}`),
  };

  async function open(wanted) {
    clearErrors(form);
    said.textContent = "Reading…";
    try {
      const answer = await post("/workshop/load-external-playlist", wanted);
      shows[answer.mode](answer);
    } catch (error) {
      said.textContent = "";
      showError(form, error);
    }
  }

  // The lists that Spotify always lets an app read come first, before anybody has to ask.
  async function showOwn() {
    clearErrors(form);
    try {
      const { playlists } = await get("/api/user-playlists");
      const rest = playlists.filter(({ id }) => id !== playlistId());
      showLists(rest, `${counted(rest.length, "playlist")} of yours.`);
    } catch (error) {
      showError(form, error);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    // Errors name the field that was sent.
    input.name = REFERENCE.test(text) ? "url" : "query";
    whileBusy(button, "Opening…", () => (text === "" ? showOwn() : open({ [input.name]: text })));
  });
  form.closest(".side-panel").addEventListener("shuffify:opened", () => {
    if (lists.children.length === 0 && other.box.hidden) {
      showOwn();
    }
  });
}
