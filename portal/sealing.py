"""Seals small secrets (DKIM keys) with a key that lives outside the database."""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.config import stack

_SHORTEST = 12 + 16  # nonce and tag around nothing


def seal(plain: bytes, *, purpose: str) -> bytes:
    """Return nonce + AES-256-GCM ciphertext; `purpose` must be given again to open it."""
    nonce = os.urandom(12)
    return nonce + AESGCM(_key(purpose)).encrypt(nonce, plain, purpose.encode())


def unseal(sealed: bytes, *, purpose: str) -> bytes:
    """Open what `seal` made. Raises cryptography's InvalidTag when key, purpose or bytes differ."""
    if len(sealed) < _SHORTEST:
        raise InvalidTag
    return AESGCM(_key(purpose)).decrypt(sealed[:12], sealed[12:], purpose.encode())


def derived(message: bytes, *, purpose: str) -> bytes:
    """Return 32 bytes that only this installation can make of `message`, always the same."""
    return hmac.digest(_key(purpose), message, "sha256")


def _key(purpose: str) -> bytes:
    master = bytes.fromhex(stack().secret("seal_key"))
    return HKDF(SHA256(), 32, None, purpose.encode()).derive(master)
