"""Tables of the webmail: copies in Sent, uploads waiting in a composer."""

from __future__ import annotations

from webmail.models.sent_copy import SentCopy, SentCopyState
from webmail.models.upload import ComposeUpload

__all__ = ["ComposeUpload", "SentCopy", "SentCopyState"]
