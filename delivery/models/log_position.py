"""How far the mail log was read, and which queue ids carried which Message-ID."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models


class LogPosition(models.Model):
    """Where the tailer stands in one log file; moved in the transaction that stores its rows."""

    log = models.CharField(max_length=32, primary_key=True)  # "postfix"
    inode = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    read_to = models.DateTimeField(null=True)  # every line before this moment was seen
    queue_scanned_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.log


class QueueIdSeen(models.Model):
    """A queue id that Postfix gave to one of our messages (cleanup's message-id= line)."""

    queue_id = models.CharField(max_length=32, unique=True)
    message_id = models.CharField(max_length=255)
    is_accepted = models.BooleanField(default=False)  # qmgr named it, or its file is complete
    seen_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["message_id"], name="queue_id_message"),)

    def __str__(self) -> str:
        return self.queue_id
