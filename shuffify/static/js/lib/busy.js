// Keeps a button from firing twice and says meanwhile what it is doing.

export async function whileBusy(button, label, work) {
  if (button.getAttribute("aria-busy") === "true") {
    return;
  }
  // Not `disabled`: that would throw keyboard users off the button.
  const text = button.querySelector('[data-slot="label"]');
  const usual = text.textContent;
  button.setAttribute("aria-busy", "true");
  text.textContent = label;
  try {
    await work();
  } finally {
    text.textContent = usual;
    button.removeAttribute("aria-busy");
  }
}
