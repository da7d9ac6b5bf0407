// The form of settings, read as the server wants it.

export function readSettings(form) {
  const { elements } = form;
  return {
    default_algorithm: elements.default_algorithm.value || null,
    auto_snapshot_enabled: elements.auto_snapshot_enabled.checked,
    max_snapshots_per_playlist: elements.max_snapshots_per_playlist.valueAsNumber,
    theme: elements.theme.value,
    timezone: elements.timezone.value.trim(),
  };
}

// What the server wrote into the form: a browser that comes back to a page brings back what was
// typed there, saved or not.
export function storedSettings(form) {
  const { elements } = form;
  const chosen = [...elements.default_algorithm.options].find((one) => one.defaultSelected);
  return {
    default_algorithm: chosen?.value || null,
    auto_snapshot_enabled: elements.auto_snapshot_enabled.defaultChecked,
    max_snapshots_per_playlist: Number(elements.max_snapshots_per_playlist.defaultValue),
    theme: [...elements.theme].find((one) => one.defaultChecked).value,
    timezone: elements.timezone.defaultValue,
  };
}

export function writeSettings(form, settings) {
  const { elements } = form;
  elements.default_algorithm.value = settings.default_algorithm ?? "";
  elements.auto_snapshot_enabled.checked = settings.auto_snapshot_enabled;
  elements.max_snapshots_per_playlist.valueAsNumber = settings.max_snapshots_per_playlist;
  elements.theme.value = settings.theme;
  elements.timezone.value = settings.timezone;
}

// Those of the settings that are not as in the others.
export const differing = (settings, others) =>
  Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== others[name]));
