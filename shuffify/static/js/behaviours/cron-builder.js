// Writes a crontab expression from a time and weekdays, and shows its five fields while typing.
import { expressed, fieldsOf, simplified } from "../lib/cron.js";

export function attach(section) {
  const expression = section.querySelector('[name="schedule_value"]');
  const time = section.querySelector('[data-slot="time"]');
  const weekdays = [...section.querySelectorAll('[data-slot="weekday"]')];
  const parts = [...section.querySelectorAll('[data-slot="part"]')];

  function write() {
    if (time.value === "") {
      return;
    }
    const days = weekdays.filter((day) => day.checked).map((day) => day.value);
    expression.value = expressed(time.value, days);
    expression.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // What is more than a time and weekdays leaves those inputs empty.
  function showSimplified() {
    const simple = simplified(expression.value);
    time.value = simple?.time ?? "";
    for (const day of weekdays) {
      day.checked = simple?.days.includes(day.value) ?? false;
    }
  }

  function showParts() {
    const fields = fieldsOf(expression.value);
    const before = expression.value.slice(0, expression.selectionStart ?? 0).trimStart();
    const current = before.split(/\s+/).length - 1;
    const isTyping = document.activeElement === expression;
    parts.forEach((part, index) => {
      part.textContent = fields[index] || "–";
      part.parentElement.toggleAttribute("data-current", isTyping && index === current);
    });
  }

  for (const input of [time, ...weekdays]) {
    input.addEventListener("change", write);
  }
  expression.addEventListener("input", () => {
    showSimplified();
    showParts();
  });
  for (const moved of ["keyup", "click", "focus", "blur"]) {
    expression.addEventListener(moved, showParts);
  }
  expression.form.addEventListener("shuffify:filled", () => {
    showSimplified();
    showParts();
  });
}
