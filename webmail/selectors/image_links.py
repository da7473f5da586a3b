"""Addresses of remote images behind our own proxy, signed so that it fetches nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.core import signing
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import urlencode

if TYPE_CHECKING:
    from webmail.identity import MailIdentity, MessageRef

_SALT = "webmail.image"
_DAY_SECONDS = 86_400
_DAYS = 8  # links of an open page and of its cached frame go on working


def image_link(identity: MailIdentity, ref: MessageRef, url: str) -> str:
    """Return the proxy's address for a remote image of this message, stable for a day."""
    return (
        reverse("webmail:image", args=[identity.mailbox_id])
        + "?"
        + urlencode(
            {
                "u": url,
                "d": str(_today()),
                "m": str(_message(ref)),
                "s": _seal(identity, ref, url, _today()),
            }
        )
    )


def is_sealed(identity: MailIdentity, message: str, url: str, day: int, seal: str) -> bool:
    """Say whether we made this link for this mailbox in the last days."""
    if not 0 <= _today() - day <= _DAYS:
        return False
    return constant_time_compare(
        seal, _signature(f"{identity.mailbox_id}\n{message}\n{day}\n{url}")
    )


def _seal(identity: MailIdentity, ref: MessageRef, url: str, day: int) -> str:
    return _signature(f"{identity.mailbox_id}\n{_message(ref)}\n{day}\n{url}")


def _signature(text: str) -> str:
    return signing.Signer(salt=_SALT).signature(text)


def _message(ref: MessageRef) -> str:
    return f"{ref.folder_id}.{ref.uid_validity}.{ref.uid}"


def _today() -> int:
    return int(time.time()) // _DAY_SECONDS
