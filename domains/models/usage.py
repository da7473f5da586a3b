"""What Dovecot reports: storage used and last sign-ins. Written through views by Dovecot itself."""

from __future__ import annotations

from django.db import models


class MailboxUsage(models.Model):
    """Storage used by a mailbox as Dovecot counts it."""

    mailbox_id = models.BigIntegerField(primary_key=True)
    bytes = models.BigIntegerField(default=0, db_default=0)
    messages = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return str(self.mailbox_id)


class LastSignIn(models.Model):
    """When a mailbox was last opened by a protocol (imap, pop3, smtp, sieve)."""

    mailbox_id = models.BigIntegerField()
    service = models.CharField(max_length=16)
    at_epoch = models.BigIntegerField()  # seconds since 1970; Dovecot's own unit

    class Meta:
        constraints = (
            models.UniqueConstraint(name="last_sign_in_once", fields=["mailbox_id", "service"]),
        )

    def __str__(self) -> str:
        return f"{self.mailbox_id} {self.service}"
