"""Secrets of the installation: files in DATA/secrets that only the portal's user and root can read."""

from __future__ import annotations

import base64
from secrets import token_hex, token_urlsafe
from typing import TYPE_CHECKING

from mailserver.stack import files
from mailserver.stack.users import WEB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS: dict[str, Callable[[], str]] = {
    "secret_key": lambda: token_urlsafe(64),
    "seal_key": lambda: token_hex(32),
    "mail_token_key": lambda: token_hex(32),
    "push_token": lambda: token_hex(24),
    "tsig_key": lambda: base64.b64encode(bytes.fromhex(token_hex(32))).decode(),
}


def ensure_secrets(data: Path) -> None:
    """Make each missing secret once, and hand Dovecot the key that verifies tokens."""
    home = files.folder(data / "secrets", owner=WEB, group=WEB, mode=0o700)
    for name, make in KINDS.items():
        path = home / name
        text = path.read_text() if path.exists() else make()
        files.write(path, text, owner=WEB, group=WEB, mode=0o600)
    key = base64.b64encode(bytes.fromhex((home / "mail_token_key").read_text().strip())).decode()
    keys = data / "conf" / "dovecot" / "jwt-keys"
    for step in (keys, keys / "default", keys / "default" / "HS256"):
        files.folder(step, group="dovecot", mode=0o750)
    files.write(keys / "default" / "HS256" / "default", key, group="dovecot", mode=0o640)
