// Tells screen readers what happened to the list; the region is part of the page.

let toggle = false;

export function announce(message) {
  const region = document.getElementById("workshop-announcements");
  // The same words twice would be silent the second time.
  toggle = !toggle;
  region.textContent = toggle ? message : `${message}\u00a0`;
}
