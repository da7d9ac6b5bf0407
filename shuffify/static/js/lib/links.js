// Addresses that come from Spotify: followed when they are https, or the sandbox's.

export function safeUrl(url) {
  if (!url || !URL.canParse(url)) {
    return null;
  }
  const { protocol, origin } = new URL(url);
  const { sandbox } = document.documentElement.dataset;
  return protocol === "https:" || origin === sandbox ? url : null;
}
