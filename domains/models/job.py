"""Work on many rows at once, done in the background: imports and changes of whole selections."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant


class JobKind(models.TextChoices):
    """What a job does to each of its rows."""

    IMPORT_MAILBOXES = "import_mailboxes", _("Import mailboxes")
    IMPORT_ALIASES = "import_aliases", _("Import aliases")
    IMPORT_FORWARDERS = "import_forwarders", _("Import forwarders")
    IMPORT_CUSTOMERS = "import_customers", _("Import customers")
    UNDO_IMPORT = "undo_import", _("Take an import back")
    UNDO_CUSTOMERS = "undo_customers", _("Take customers back")
    CUSTOMER_PLAN = "customer_plan", _("Change plan")
    MAILBOX_PASSWORD = "mailbox_password", _("Reset passwords")
    MAILBOX_QUOTA = "mailbox_quota", _("Change storage")
    MAILBOX_ALIAS = "mailbox_alias", _("Add to an alias")
    MAILBOX_UNALIAS = "mailbox_unalias", _("Take out of an alias")
    MAILBOX_GROUP = "mailbox_group", _("Add to a group")
    MAILBOX_UNGROUP = "mailbox_ungroup", _("Take out of a group")
    MAILBOX_SUSPEND = "mailbox_suspend", _("Suspend mailboxes")
    MAILBOX_RESUME = "mailbox_resume", _("Resume mailboxes")
    MAILBOX_DELETE = "mailbox_delete", _("Delete mailboxes")
    MAILBOX_RESTORE = "mailbox_restore", _("Keep mailboxes from being deleted")
    ALIAS_DELETE = "alias_delete", _("Delete aliases")
    FORWARDER_DELETE = "forwarder_delete", _("Delete forwarders")
    DOMAIN_DELETE = "domain_delete", _("Delete domains")


IMPORTS = (
    JobKind.IMPORT_MAILBOXES,
    JobKind.IMPORT_ALIASES,
    JobKind.IMPORT_FORWARDERS,
    JobKind.IMPORT_CUSTOMERS,
)


class JobState(models.TextChoices):
    """`draft`: nobody said yet what the columns are; `ready`: waits for a person's word."""

    DRAFT = "draft", _("Columns to be chosen")
    CHECKING = "checking", _("Being checked")
    READY = "ready", _("Waits for you")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Stopped")
    FAILED = "failed", _("Failed")


AT_WORK = (JobState.CHECKING, JobState.RUNNING)
OVER = (JobState.DONE, JobState.CANCELLED, JobState.FAILED)


class Job(models.Model):
    """A job. Its rows say what is to be done and what became of it; `message` says why it ended."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=24, choices=JobKind)
    state = models.CharField(max_length=12, choices=JobState)
    title = models.CharField(max_length=200, blank=True)  # name of the file
    options: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)  # rows
    handled = models.PositiveIntegerField(default=0)  # rows checked, then rows carried out
    refused = models.PositiveIntegerField(default=0)  # of them
    message = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker took it
    is_cancel_asked = models.BooleanField(default=False)
    undo_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by"
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_by_name = models.CharField(max_length=254)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=5, blank=True)
    secret = models.BinaryField(default=bytes)  # with the installation's key: the tokens of links
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "-created_at", "-id"], name="job_tenant_created"),
            models.Index(fields=["id"], name="job_at_work", condition=Q(state__in=AT_WORK)),
            models.Index(fields=["created_at"], name="job_created"),
        )
        constraints = (
            models.UniqueConstraint(name="job_tenant_id", fields=["tenant", "id"]),
            models.CheckConstraint(name="job_kind_known", condition=Q(kind__in=JobKind.values)),
            models.CheckConstraint(name="job_state_known", condition=Q(state__in=JobState.values)),
        )

    def __str__(self) -> str:
        return self.title or str(JobKind(self.kind).label)

    @property
    def is_import(self) -> bool:
        """Whether its rows come from a file."""
        return self.kind in IMPORTS

    @property
    def is_at_work(self) -> bool:
        """Whether a worker has it, or will take it next."""
        return self.state in AT_WORK

    @property
    def is_over(self) -> bool:
        """Whether nothing happens to it any more."""
        return self.state in OVER

    @property
    def succeeded(self) -> int:
        """Rows carried out."""
        return self.handled - self.refused


class JobFile(models.Model):
    """The file an import came from, kept until the import is over."""

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return str(self.job_id)


class RowState(models.TextChoices):
    """`wrong` was refused by the check, `refused` when it was carried out."""

    READY = "ready", _("Ready")
    WARNING = "warning", _("Ready, with a note")
    WRONG = "wrong", _("Cannot be imported")
    SKIPPED = "skipped", _("Nothing to do")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


OPEN_ROWS = (RowState.READY, RowState.WARNING)


class JobRow(models.Model):
    """One thing a job does. `number` is the line in the file, or the place in the selection."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=320)  # the address or domain, as a person reads it
    target_id = models.BigIntegerField(
        null=True
    )  # of the mailbox, alias, forwarder, domain or customer
    state = models.CharField(max_length=8, choices=RowState)
    message = models.TextField(blank=True)
    values: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    found: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    before: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        indexes = (models.Index(fields=["job", "state", "number"], name="job_row_state"),)
        constraints = (
            models.UniqueConstraint(name="job_row_once", fields=["job", "number"]),
            models.CheckConstraint(
                name="job_row_state_known", condition=Q(state__in=RowState.values)
            ),
        )

    def __str__(self) -> str:
        return self.name
