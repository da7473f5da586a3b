"""Tables of the webmail: copies in Sent, uploads of composers, collected addresses."""

from __future__ import annotations

from webmail.models.collected import CollectedAddress
from webmail.models.sent_copy import SentCopy, SentCopyState
from webmail.models.upload import ComposeUpload

__all__ = ["CollectedAddress", "ComposeUpload", "SentCopy", "SentCopyState"]
