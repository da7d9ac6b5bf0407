// Where the focus is in the list, and where it goes: a row's controls are reached as one.

const list = () => document.getElementById("workshop-rows");

export const itemAround = (element) => element?.closest?.("#workshop-rows > .row") ?? null;
export const keyOf = (item) => Number(item.dataset.key);
export const itemOf = (key) => list().querySelector(`:scope > [data-key="${key}"]`);
export const inView = () => [...list().children].filter((item) => !item.hidden);

// A disabled control, as null rows have, hands over to the next one.
export function focusControl(item, name = "more") {
  const named = item.querySelector(`[data-control="${name}"]`);
  const control = named.disabled ? item.querySelector('[data-control="more"]') : named;
  control.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

// The one row that the Tab key reaches; the arrow keys lead to the others.
export function takeTab(item) {
  for (const control of list().querySelectorAll('[data-control][tabindex="0"]')) {
    control.tabIndex = -1;
  }
  for (const control of item.querySelectorAll("[data-control]")) {
    control.tabIndex = 0;
  }
}
