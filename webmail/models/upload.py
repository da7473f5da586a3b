"""Uploads: files attached in a composer that was not sent yet."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.db import models

from domains.models import Mailbox


class ComposeUpload(models.Model):
    """A file in DATA/uploads/<mailbox>/<key>; removed after sending or two days untouched."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="+")
    compose_id = models.UUIDField()
    key = models.UUIDField(unique=True)
    file_name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=127)
    size_bytes = models.PositiveBigIntegerField()
    is_inline = models.BooleanField(default=False)  # a picture inside the text
    touched_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["mailbox", "compose_id"], name="upload_compose"),)

    def __str__(self) -> str:
        return self.file_name
