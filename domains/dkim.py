"""Makes DKIM key pairs and reads DKIM records (RFC 6376); knows neither rows nor the network."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

KEY_BITS = 2048  # RFC 8301 section 3.2; longer keys do not fit one UDP answer


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A fresh key: the private half as PKCS#8 PEM, the public one as `p=` wants it."""

    private_pem: bytes
    public_key: str  # base64 of SubjectPublicKeyInfo, no line breaks


def make_key_pair() -> KeyPair:
    """Return a new RSA key. Takes some tens of milliseconds of CPU."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        base64.b64encode(public).decode(),
    )


def record_text(public_key: str) -> str:
    """Return the TXT record that publishes `public_key`."""
    return f"v=DKIM1; k=rsa; p={public_key}"
