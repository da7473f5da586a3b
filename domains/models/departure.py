"""Somebody leaves: what happens to the mailbox, step by step, and what has happened so far."""

from __future__ import annotations

from datetime import datetime  # django-stubs reads field annotations at run time

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from domains.models.mailbox import Mailbox


class HandOver(models.TextChoices):
    """What the colleague gets."""

    NOTHING = "nothing", _("Nothing")
    FORWARD = "forward", _("New mail")
    COPY = "copy", _("New mail and a copy of the old")
    FILE = "file", _("New mail, and the old as a file")


WITH_OLD_MAIL = (HandOver.COPY, HandOver.FILE)


class Departure(models.Model):
    """The plan of one leaver. Each `…_at` without "due" is set when the step was carried out."""

    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, related_name="departure")
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    planned_by = models.CharField(max_length=254)
    created_at: models.DateTimeField[datetime, datetime] = models.DateTimeField(auto_now_add=True)

    stop_due_at = models.DateTimeField()  # sign-in stops, mail is handed over, replies begin
    hand_over = models.CharField(max_length=8, choices=HandOver, default=HandOver.NOTHING)
    colleague = models.ForeignKey(
        Mailbox, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    forward_due_until = models.DateTimeField(null=True, blank=True)  # None: until it closes
    reply_text = models.TextField(max_length=4000, blank=True)  # empty: senders get no answer
    reply_every_days = models.PositiveSmallIntegerField(default=7)
    leave_groups = models.BooleanField(default=False)  # those that others read too
    archive_days = models.PositiveSmallIntegerField(default=0)  # 0: no archive
    close_due_at = models.DateTimeField()  # the mailbox is deleted for good

    stopped_at = models.DateTimeField(null=True, blank=True)
    person_was_active = models.BooleanField(default=False)  # so that undoing lets him in again
    mailbox_was_active = models.BooleanField(default=False)
    forwarded_at = models.DateTimeField(null=True, blank=True)
    forward_before = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    keep_copy_before = models.BooleanField(default=True)
    forward_ended_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    left_groups_at = models.DateTimeField(null=True, blank=True)
    groups_left = ArrayField(models.BigIntegerField(), default=list, blank=True)  # their ids
    reminded_at = models.DateTimeField(null=True, blank=True)  # the admins, of the closing
    copied_at = models.DateTimeField(null=True, blank=True)  # or the file made; set by the agent
    file_until = models.DateTimeField(null=True, blank=True)  # the colleague may download it
    file_bytes = models.BigIntegerField(default=0)
    copy_error = models.TextField(blank=True)  # what the mail store said at the last try

    class Meta:
        indexes = (
            models.Index(fields=["close_due_at"], name="departure_close"),
            models.Index(
                fields=["stop_due_at"], name="departure_stop", condition=Q(stopped_at__isnull=True)
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="departure_hand_over_known", condition=Q(hand_over__in=HandOver.values)
            ),
            models.CheckConstraint(
                name="departure_closes_after_stop",
                condition=Q(close_due_at__gte=models.F("stop_due_at")),
            ),
        )

    def __str__(self) -> str:
        return str(self.mailbox_id)
