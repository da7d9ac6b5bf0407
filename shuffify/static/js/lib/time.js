// Shows moments in the user's zone, as templates do with local_time; the footer names the zone.

const parts = {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
};

// A zone that this browser does not know is no reason to show no time.
function formatOf(zone, options = parts) {
  try {
    return new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
  } catch {
    return formatOf("UTC", options);
  }
}

export const userZone = () => document.documentElement.dataset.zone ?? "UTC";
export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

// "24 Nov 2026, 14:02"
export function localTime(iso, zone = userZone()) {
  const found = formatOf(zone).formatToParts(new Date(iso));
  const { day, month, year, hour, minute } = Object.fromEntries(
    found.map(({ type, value }) => [type, value]),
  );
  return `${day} ${month} ${year}, ${hour}:${minute}`;
}

// "Tuesday"
export function weekdayOf(iso, zone = userZone()) {
  return formatOf(zone, { weekday: "long" }).format(new Date(iso));
}

export function fillTime(element, iso, zone = userZone()) {
  element.dateTime = iso;
  element.textContent = localTime(iso, zone);
}

export function makeTime(iso, zone = userZone()) {
  const element = document.createElement("time");
  fillTime(element, iso, zone);
  return element;
}
