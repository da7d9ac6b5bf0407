"""Pictures of every place, wide and narrow, light and dark, from a demo.

    python -m tests.browser.screenshots docs/screenshots
"""

from pathlib import Path
import struct
import sys
import tempfile
import zlib

from playwright.sync_api import Page

from tests.browser.places import PLACES, Place
from tests.browser.stage import running_browser, set_up, until_ready

SIZES = {1280: 800, 390: 844}
SCHEMES = ("light", "dark")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def smaller(picture: bytes) -> bytes:
    """Return the same PNG packed as tightly as zlib can; Chromium is in a hurry."""
    chunks, pixels, position = [], b"", len(SIGNATURE)
    while position < len(picture):
        (length,) = struct.unpack_from(">I", picture, position)
        kind = picture[position + 4:position + 8]
        data = picture[position + 8:position + 8 + length]
        if kind == b"IDAT":
            pixels += data
        else:
            chunks.append((kind, data))
        position += 12 + length
    chunks.insert(-1, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def take(page: Page, place: Place, folder: Path) -> None:
    """Write the pictures of one place."""
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(reduced_motion="reduce")
        place.reach(page)
        until_ready(page)
        page.wait_for_load_state("networkidle")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            picture = page.screenshot(caret="initial")
            (folder / f"{place.name}-{width}-{scheme}.png").write_bytes(smaller(picture))


def main(folder: Path) -> None:
    """Write all pictures, and leave none of a place that is no more."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as instance, running_browser() as browser, \
            set_up(Path(instance), browser, scheduler="embedded") as stage:
        for place in PLACES:
            take(stage.page(signed_in=place.signed_in), place, folder)
    pictures = [*folder.glob("*.png")]
    size = sum(picture.stat().st_size for picture in pictures) / 1024 / 1024
    print(f"{len(pictures)} pictures in {folder}, {size:.1f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
