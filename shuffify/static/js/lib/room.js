// Makes room for the notices at the window's lower edge: they may hide no control.

const boxOf = (element) => element.getBoundingClientRect();

function isUnder(toast, element) {
  const [over, under] = [boxOf(toast), boxOf(element)];
  const beside = under.right <= over.left || under.left >= over.right;
  return !beside && under.bottom > over.top && under.top < over.bottom;
}

// The style sheet learns what they cover as --covered; what has the focus comes out from under them.
export function makeRoomFor(container) {
  const root = document.documentElement;

  function fit() {
    const toasts = [...container.querySelectorAll(".toast")];
    const covered = toasts.length > 0 ? root.clientHeight - boxOf(container).top : 0;
    root.style.setProperty("--covered", `${covered}px`);
    const focused = document.activeElement;
    const isSeen = focused.matches(":focus-visible") && !container.contains(focused);
    if (isSeen && toasts.some((toast) => isUnder(toast, focused))) {
      focused.scrollIntoView({ block: "nearest" });
    }
  }

  // Not at once: the room may bring a scrollbar, which makes the notices narrower.
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(container);
}
