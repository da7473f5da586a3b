"""What Dovecot reports: storage used and last sign-ins. Written through views by Dovecot itself."""

from __future__ import annotations

from django.db import models

from domains.models.domain import Domain
from domains.models.mailbox import Mailbox


class MailboxUsage(models.Model):
    """Storage used by a mailbox as Dovecot counts it; a trigger opens the row with the mailbox.

    The database holds no foreign key here: Dovecot must be able to report whatever is on its disk.
    """

    mailbox = models.OneToOneField(
        Mailbox,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="usage",
    )
    bytes = models.BigIntegerField(default=0, db_default=0)
    messages = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        indexes = (models.Index(fields=["bytes", "mailbox"], name="usage_bytes"),)

    def __str__(self) -> str:
        return str(self.mailbox_id)


class DomainUsage(models.Model):
    """Storage in real use by all mailboxes of a domain; triggers count along with MailboxUsage."""

    domain = models.OneToOneField(
        Domain, primary_key=True, on_delete=models.CASCADE, related_name="usage"
    )
    bytes = models.BigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return str(self.domain_id)


class LastSignIn(models.Model):
    """When a mailbox was last opened (imap, pop3, webmail), sent (smtp) or had its rules read (sieve)."""

    mailbox = models.ForeignKey(
        Mailbox,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="sign_ins",
    )
    service = models.CharField(max_length=16)
    at_epoch = models.BigIntegerField()  # seconds since 1970; Dovecot's own unit

    class Meta:
        constraints = (
            models.UniqueConstraint(name="last_sign_in_once", fields=["mailbox", "service"]),
        )

    def __str__(self) -> str:
        return f"{self.mailbox_id} {self.service}"
