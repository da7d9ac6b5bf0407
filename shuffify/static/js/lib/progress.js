// Shows how far a long write is: a bar, words, and now and then a word for screen readers.

const ANNOUNCED_EACH_MS = 4_000;

// Takes an element that holds partials/progress.html; returns report(done, total) and end().
export function showProgress(container, label) {
  const box = container.querySelector('[data-slot="progress"]');
  const bar = box.querySelector("progress");
  const text = box.querySelector('[data-slot="progress-text"]');
  const spoken = box.querySelector('[data-slot="progress-spoken"]');
  let announced = 0;

  bar.removeAttribute("value");
  bar.setAttribute("aria-label", label);
  text.textContent = `${label}…`;
  box.hidden = false;

  function report(done, total) {
    bar.max = total;
    bar.value = done;
    text.textContent = `${label}: ${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    if (Date.now() - announced >= ANNOUNCED_EACH_MS) {
      announced = Date.now();
      spoken.textContent = text.textContent;
    }
  }

  function end() {
    box.hidden = true;
    spoken.textContent = "";
  }

  return { report, end };
}
