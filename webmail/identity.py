"""Whose mailbox is open, and the only way to point at a message."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from webmail.errors import FolderGone


@dataclass(frozen=True, slots=True)
class MailIdentity:
    """A mailbox as one person opens it. IMAP signs in as `address`."""

    mailbox_id: int
    address: str
    name: str
    tenant_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message. `folder` is the IMAP path in Unicode; UIDs mean nothing without `uid_validity`."""

    mailbox_id: int
    folder: str
    uid_validity: int
    uid: int

    @property
    def folder_id(self) -> str:
        """The folder as it stands in URLs."""
        return folder_id(self.folder)


def folder_id(path: str) -> str:
    """Return the unpadded base64url of the UTF-8 path: `INBOX` gives `SU5CT1g`."""
    return urlsafe_b64encode(path.encode()).rstrip(b"=").decode("ascii")


def folder_path(identifier: str) -> str:
    """Return the path behind `identifier`. Raises FolderGone for anything folder_id never makes."""
    try:
        raw = urlsafe_b64decode(identifier.encode("ascii") + b"=" * (-len(identifier) % 4))
        path = raw.decode()
    except (binascii.Error, ValueError) as exc:
        raise FolderGone(detail="bad folder id") from exc
    if folder_id(path) != identifier or any(ord(c) < 32 for c in path) or not path:
        raise FolderGone(detail="bad folder id")
    return path
