// Another playlist's rows, to pick from.
import { counted } from "../card.js";
import { add } from "./adding.js";
import { showFinds } from "./finds.js";
import { watch } from "./store.js";

export function showOtherList(box, { back }) {
  const slot = (name) => box.querySelector(`[data-slot="${name}"]`);
  const finds = showFinds(slot("finds"));

  function count() {
    const picked = finds.picked().length;
    slot("add").textContent = picked > 0 ? `Add ${counted(picked, "track")}` : "Add selected";
    slot("add").setAttribute("aria-disabled", String(picked === 0));
    const fresh = finds.fresh().length;
    slot("new").hidden = fresh === 0;
    slot("new").textContent = `Add all ${fresh.toLocaleString("en")} that are new`;
  }

  function pickNone() {
    slot("all").checked = false;
    finds.pickAll(false);
    count();
  }

  slot("back").addEventListener("click", back);
  slot("all").addEventListener("change", () => {
    finds.pickAll(slot("all").checked);
    count();
  });
  slot("finds").addEventListener("change", count);
  slot("add").addEventListener("click", () => {
    add(finds.picked());
    pickNone();
  });
  slot("new").addEventListener("click", () => add(finds.fresh()));
  watch(["rows"], count);

  return {
    box,
    show(playlist, tracks) {
      slot("name").textContent = playlist.name;
      finds.show(tracks);
      pickNone();
    },
    focus: () => slot("name").focus(),
  };
}
