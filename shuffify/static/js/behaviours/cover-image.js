// Uncovers the placeholder when a cover cannot be loaded.

export function attach(image) {
  const hide = () => {
    image.hidden = true;
  };
  image.addEventListener("error", hide);
  // It may have failed before this module was there.
  if (image.getAttribute("src") && image.complete && image.naturalWidth === 0) {
    hide();
  }
}
