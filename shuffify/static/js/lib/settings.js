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
