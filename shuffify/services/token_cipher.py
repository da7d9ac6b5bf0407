"""How tokens are encrypted: by the first of the keys, for one account's row only."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from shuffify.services.errors import TokenEncryptionError, TokenError
from shuffify.services.settings import token_keys


def encrypt(user_id: int, token: str) -> str:
    """Encrypt a token for the account's row with the first of the keys."""
    return MultiFernet(_ciphers()).encrypt(f"{user_id}:{token}".encode()).decode()


def decrypt(user_id: int, ciphertext: str) -> str:
    """Return the token; raise TokenEncryptionError, also when it is another account's."""
    try:
        plaintext = MultiFernet(_ciphers()).decrypt(ciphertext.encode()).decode()
    except InvalidToken as error:
        raise TokenEncryptionError(user_id) from error
    # A ciphertext copied to another row decrypts well, but says whose it is.
    owner, _, token = plaintext.partition(":")
    if owner != str(user_id):
        raise TokenEncryptionError(user_id)
    return token


def reading_key(user_id: int, ciphertext: str) -> int | None:
    """Return which of the keys reads an account's token, counted from 1; None for none."""
    for number, cipher in enumerate(_ciphers(), start=1):
        try:
            plaintext = cipher.decrypt(ciphertext.encode())
        except InvalidToken:
            continue
        return number if plaintext.startswith(f"{user_id}:".encode()) else None
    return None


def is_current(ciphertext: str) -> bool:
    """Say whether the first of the keys made this."""
    try:
        _ciphers()[0].decrypt(ciphertext.encode())
    except InvalidToken:
        return False
    return True


def _ciphers() -> list[Fernet]:
    keys = token_keys()
    if not keys:
        raise TokenError("The operator of this server has to set TOKEN_KEYS.")
    return [Fernet(key) for key in keys]
