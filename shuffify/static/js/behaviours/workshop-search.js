// Searches Spotify for tracks to add, page by page.
import { post } from "../lib/api.js";
import { whileBusy } from "../lib/busy.js";
import { counted } from "../lib/card.js";
import { clearErrors, showError } from "../lib/form.js";
import { showFinds } from "../lib/workshop/finds.js";

const PAGE = 10;
const LAST_OFFSET = 990;

export function attach(form) {
  const said = document.getElementById("search-said");
  const more = document.getElementById("search-more");
  const finds = showFinds(document.getElementById("search-finds"));
  let query = "";
  let offset = 0;

  async function read(from) {
    clearErrors(form);
    const answer = await post("/workshop/search", { query, limit: PAGE, offset: from });
    offset = from + PAGE;
    more.hidden = answer.tracks.length < PAGE || offset > LAST_OFFSET;
    return answer.tracks;
  }

  async function search() {
    query = form.elements.query.value;
    try {
      const tracks = await read(0);
      finds.show(tracks);
      const words = more.hidden ? `${counted(tracks.length, "track")} found.` : "The first found.";
      said.textContent = tracks.length > 0 ? words : "Nothing found. Try fewer or other words.";
    } catch (error) {
      showError(form, error);
    }
  }

  async function readOn() {
    try {
      const tracks = await read(offset);
      finds.append(tracks);
      said.textContent = `${counted(tracks.length, "track")} more.`;
    } catch (error) {
      showError(form, error);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    whileBusy(form.querySelector("button"), "Searching…", search);
  });
  more.addEventListener("click", () => whileBusy(more, "Searching…", readOn));
}
