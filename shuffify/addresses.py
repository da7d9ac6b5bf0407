"""Web addresses: which ones are usable, where they point, and whether that is this machine."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def parse(value: str) -> SplitResult | None:
    """Return the parts of an http or https address, None for anything else."""
    try:
        url = urlsplit(value)
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
        return url if usable and url.username is None else None
    except ValueError:
        return None


def is_path_of(site: SplitResult, path: str, url: SplitResult) -> bool:
    """Return whether an address is a path of a site; the usual port may go without saying."""
    return _origin(url) == _origin(site) and url.path == path


def is_loopback(host: str | None) -> bool:
    """Return whether a host is an IP literal of this machine; names are not looked up."""
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or (443 if url.scheme == "https" else 80)
