// The button of a notice, for what may be done about it.

function countDown(button, end) {
  const left = document.createElement("span");
  // Unseen by screen readers, which would read out every second of it.
  left.setAttribute("aria-hidden", "true");
  button.append(left);
  button.setAttribute("aria-disabled", "true");
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    left.textContent = seconds > 0 ? ` in ${seconds} s` : "";
    if (seconds > 0 && button.isConnected) {
      setTimeout(tick, 1000);
    } else {
      button.removeAttribute("aria-disabled");
    }
  };
  tick();
}

// An action may have to wait: `after` seconds it can be pressed, and until then the button counts.
export function offer(toast, { label, run, after = 0 }, dismiss) {
  const button = toast.querySelector('[data-slot="action"]');
  button.textContent = label;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") !== "true") {
      dismiss(toast);
      run();
    }
  });
  if (after > 0) {
    countDown(button, Date.now() + after * 1000);
  }
}
