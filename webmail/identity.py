"""Whose mailbox is open, and the only way to point at a message."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from webmail.errors import FolderGone


@dataclass(frozen=True, slots=True)
class MailIdentity:
    """A mailbox as one person opens it.

    `grant_id` 0: his own. Otherwise he is a member of a shared mailbox: the grant is his sign-in name
    there, so that the mail store itself holds him to his rights.
    """

    mailbox_id: int
    address: str
    name: str
    tenant_id: int
    user_id: int
    grant_id: int = 0
    may_write: bool = True
    sends: str = ""  # of a member: domains.models.Sends
    member: str = ""  # of a member: the address of his own mailbox, and its name
    member_name: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether others open the mailbox too, each with rights of his own."""
        return self.grant_id > 0

    @property
    def sign_in(self) -> str:
        """The name under which the mail store is asked."""
        return f"grant-{self.grant_id}" if self.grant_id else self.address


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
