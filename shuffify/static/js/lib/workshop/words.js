// How the workshop names what it shows and does.
import { counted } from "../card.js";

export const nameOf = ({ track }) => {
  if (track.uri === null) {
    return "Removed by Spotify";
  }
  return track.name || (track.is_local ? "Local file" : "Unnamed track");
};

export const artistsOf = ({ track }) => track.artists.map((artist) => artist.name).join(", ");

// 3:07, or 1:02:07 from an hour on.
export function durationOf(milliseconds) {
  if (milliseconds === null) {
    return "";
  }
  const all = Math.round(milliseconds / 1000);
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const tail = String(seconds).padStart(2, "0");
  const head = hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}` : minutes;
  return `${head}:${tail}`;
}

// “Morning” for one row, “12 tracks” for more. The marks keep names in other scripts together.
export const rowsInWords = (rows) =>
  rows.length === 1 ? `“\u2068${nameOf(rows[0])}\u2069”` : counted(rows.length, "track");

const list = new Intl.ListFormat("en", { type: "conjunction" });

// “3 added, 1 removed and 8 moved”
export function differenceInWords({ added, removed, moved }) {
  const parts = Object.entries({ added, removed, moved })
    .filter(([, rows]) => rows.length > 0)
    .map(([verb, rows]) => `${rows.length.toLocaleString("en")} ${verb}`);
  return parts.length > 0 ? list.format(parts) : "nothing";
}

export const placeInWords = (index, total) =>
  `position ${(index + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`;

// What was done to bring two people's changes together: a sentence for each part.
export function mergedInWords({ joined, left }) {
  const sentences = [
    [joined, "added elsewhere since", "at the end"],
    [left, "removed elsewhere since", "left out"],
  ];
  return sentences
    .filter(([rows]) => rows.length > 0)
    .map(([rows, what, where]) =>
      ` ${counted(rows.length, "track")} ${what} ${rows.length === 1 ? "is" : "are"} ${where}.`)
    .join("");
}
