// Crontab's five fields, as far as a time and some weekdays can be told from them.

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

const dayOf = (text) => {
  // Crontab counts from Sunday, which is 0 as well as 7.
  const index = /^[0-7]$/.test(text) ? (Number(text) + 6) % 7 : DAYS.indexOf(text);
  return index === -1 ? null : index;
};

function daysOf(term) {
  const [first, last = first, ...more] = term.split("-").map(dayOf);
  const isRange = first !== null && last !== null && first <= last && more.length === 0;
  return isRange ? DAYS.slice(first, last + 1) : null;
}

const padded = (number) => String(number).padStart(2, "0");

export const fieldsOf = (text) => text.trim().split(/\s+/);

// Returns { time: "07:00", days: ["mon", …] }, or null for what is more than that.
export function simplified(text) {
  const match = /^(\d{1,2}) (\d{1,2}) \* \* (\S+)$/.exec(fieldsOf(text.toLowerCase()).join(" "));
  if (match === null || match[1] > 59 || match[2] > 23) {
    return null;
  }
  const terms = match[3] === "*" ? [DAYS] : match[3].split(",").map(daysOf);
  const time = `${padded(match[2])}:${padded(match[1])}`;
  return terms.includes(null) ? null : { time, days: terms.flat() };
}

export function expressed(time, days) {
  const [hour, minute] = time.split(":").map(Number);
  const every = days.length === 0 || days.length === DAYS.length;
  return `${minute} ${hour} * * ${every ? "*" : days.join(",")}`;
}
