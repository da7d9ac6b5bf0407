// Keeps small choices in this browser; without storage they last as long as the page.

const page = new Map();

export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(`shuffify:${key}`)) ?? page.get(key) ?? null;
  } catch {
    return page.get(key) ?? null;
  }
}

export function remember(key, value) {
  page.set(key, value);
  try {
    localStorage.setItem(`shuffify:${key}`, JSON.stringify(value));
  } catch {
    // Private windows and full disks refuse: the page's own copy stands.
  }
}
