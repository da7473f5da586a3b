"""A verifier of DKIM signatures written from RFC 6376, sharing nothing with what signs here."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

if TYPE_CHECKING:
    from collections.abc import Callable

_FIELD = re.compile(rb"(?P<name>[!-9;-~]+)[ \t]*:(?P<value>.*?\r\n)(?![ \t])", re.DOTALL)
_SPACE = re.compile(rb"[ \t]+")


def verified_domains(message: bytes, look_up: Callable[[str], str]) -> list[str]:
    """Return the d= of every signature that holds; `look_up` returns the TXT record of a name."""
    message = re.sub(rb"\r?\n", b"\r\n", message)
    head, _, body = message.partition(b"\r\n\r\n")
    fields = [(m["name"].lower(), m[0]) for m in _FIELD.finditer(head + b"\r\n")]
    found = []
    for name, raw in fields:
        if name == b"dkim-signature":
            tags = _tags(raw.partition(b":")[2])
            if _holds(tags, raw, fields, body, look_up):
                found.append(tags["d"])
    return found


def _holds(
    tags: dict[str, str],
    raw: bytes,
    fields: list[tuple[bytes, bytes]],
    body: bytes,
    look_up: Callable[[str], str],
) -> bool:
    if tags["a"] != "rsa-sha256" or "l" in tags:
        return False
    of_head, _, of_body = tags.get("c", "simple/simple").partition("/")
    digest = hashlib.sha256(_body(body, of_body or "simple")).digest()
    if digest != base64.b64decode(tags["bh"]):
        return False
    left = list(fields)
    signed = b""
    for wanted in tags["h"].lower().split(":"):  # section 5.4.2: the last of a name comes first
        at = next(
            (i for i in reversed(range(len(left))) if left[i][0] == wanted.strip().encode()), None
        )
        if at is not None:
            signed += _field(left.pop(at)[1], of_head)
    without = re.sub(rb"([;:\s]b[ \t\r\n]*=)[^;]*", rb"\1", raw)
    signed += _field(without, of_head).removesuffix(b"\r\n")
    record = _tags(look_up(f"{tags['s']}._domainkey.{tags['d']}").encode())
    key = load_der_public_key(base64.b64decode(record["p"]))
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(base64.b64decode(tags["b"]), signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _tags(value: bytes) -> dict[str, str]:
    pairs = (one.partition("=") for one in value.decode("ascii").split(";") if "=" in one)
    return {name.strip(): re.sub(r"\s+", "", text) for name, _, text in pairs}


def _field(raw: bytes, how: str) -> bytes:
    """Canonical form of one header field (sections 3.4.1 and 3.4.2)."""
    if how == "simple":
        return raw
    name, _, value = raw.partition(b":")
    unfolded = _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip()
    return name.lower().strip() + b":" + unfolded + b"\r\n"


def _body(body: bytes, how: str) -> bytes:
    """Canonical form of the body (sections 3.4.3 and 3.4.4)."""
    lines = body.split(b"\r\n")
    if how == "relaxed":
        lines = [_SPACE.sub(b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    if not lines and how == "relaxed":
        return b""
    return b"\r\n".join(lines) + b"\r\n"
