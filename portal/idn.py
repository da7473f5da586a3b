"""Names of domains as people write them."""

from __future__ import annotations

import re

import idna

_ENCODED = re.compile(r"\bxn--[a-z0-9-]+")  # how they are stored: A-labels (RFC 5890)


def readable(text: str) -> str:
    """Return `text` with each A-label in it decoded; one that cannot be stays."""
    return _ENCODED.sub(_decoded, text)


def _decoded(label: re.Match[str]) -> str:
    try:
        return idna.decode(label[0])
    except idna.IDNAError:
        return label[0]
