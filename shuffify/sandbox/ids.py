"""Identifiers in Spotify's format, and the check of those that a client sends."""

import hashlib
import string

ALPHABET = string.digits + string.ascii_lowercase + string.ascii_uppercase
LENGTH = 22


def stable_id(kind: str, name: str, *, length: int = LENGTH) -> str:
    """Return the base62 id that this name has at every start."""
    number = int.from_bytes(hashlib.sha256(f"{kind}/{name}".encode()).digest(), "big")
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(digits)


def is_base62_id(text: str) -> bool:
    return len(text) == LENGTH and all(character in ALPHABET for character in text)
