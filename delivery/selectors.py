"""Reads mail on its way: for the pages of a mailbox, of a tenant, and for the sweeper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q
from django.utils import timezone

from accounts.models import Tenant, TenantStatus
from delivery.limits import Window
from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.replies import OVER_LIMIT
from delivery.states import OPEN
from domains.models import DomainStatus, MailboxStatus
from portal.errors import NotFound
from portal.fixed import Fixed

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from domains.models import Mailbox

SHOWN_DAYS = 7
MOST_SHOWN = 100
STUCK_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one mailbox has on its way, each newest first: what waits for its owner comes first."""

    to_decide: list[Submission]
    waiting: list[Submission]
    done: list[Submission]


@dataclass(frozen=True, slots=True)
class Backlog:
    """How mail of some tenants is doing. `oldest_at` None: nothing waits."""

    waiting: int
    oldest_at: datetime | None
    doubtful: int
    failed: int  # in the last day
    sent: int  # in the last day


def may_send(mailbox: Mailbox) -> bool:
    """Return whether nothing stops this mailbox from sending.

    What may stop it: itself, its domain, its owner, its tenant or one above. One query beyond
    those that load these rows.
    """
    owner = mailbox.owner
    line = Tenant.objects.filter(pk__in=mailbox.tenant.line)
    return (
        mailbox.status == MailboxStatus.ACTIVE
        and mailbox.allow_smtp
        and mailbox.address.domain.status == DomainStatus.ACTIVE
        and (owner is None or (owner.is_active and owner.suspended_at is None))
        and not line.exclude(status=TenantStatus.ACTIVE).exists()
    )


_WINDOWS = """
SELECT tenant_id, span, allowed, used, ends_at FROM sending_windows(%s, %s, now())
ORDER BY tenant_id = %s DESC, tenant_id, span DESC
"""


def sending_windows(tenant_id: int) -> list[Window]:
    """Return what bounds the sending of a tenant now, its own plan first, each hour before its day.

    Empty when neither its plan nor one above has such a limit. One query, no lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WINDOWS, [tenant_id, settings.DISPLAY_TIME_ZONE, tenant_id])
        return [Window(*row) for row in cursor.fetchall()]


def submission_of(mailbox_id: int, submission_id: int) -> Submission:
    """Return one submission of a mailbox. Raises NotFound."""
    found = (
        _with_outcomes(Submission.objects.filter(mailbox=mailbox_id))
        .filter(pk=submission_id)
        .first()
    )
    if found is None:
        raise NotFound(detail=f"submission {submission_id}")
    return found


def outgoing_of(mailbox_id: int) -> Outgoing:
    """Return what the mailbox has on its way and what left in the last days. Two queries."""
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    rows = _with_outcomes(
        Submission.objects.filter(mailbox=mailbox_id, dismissed_at__isnull=True)
        .filter(Q(state__in=OPEN) | Q(created_at__gte=since))
        .exclude(state=SubmissionState.CANCELLED)
    ).order_by("-id")[:MOST_SHOWN]
    found = Outgoing([], [], [])
    for row in rows:
        states = {outcome.state for outcome in row.outcomes.all()}
        if row.state == SubmissionState.FAILED or OutcomeState.REFUSED in states:
            found.to_decide.append(row)
        elif row.state in OPEN or OutcomeState.DEFERRED in states:
            found.waiting.append(row)
        else:
            found.done.append(row)
    return found


def open_count(mailbox_id: int) -> int:
    """Return how many letters of the mailbox wait or need a decision; for the folder column."""
    return sum(count for (count,) in _OPEN_COUNT.rows(mailbox_id))


_OPEN_COUNT = Fixed(
    lambda mailbox_id: (
        Submission.objects.filter(mailbox=mailbox_id, dismissed_at__isnull=True)
        .filter(Q(state__in=OPEN) | Q(state=SubmissionState.FAILED))
        .order_by()
        .values("mailbox")
        .annotate(count=Count("pk"))
        .values_list("count")
    )
)


def _seen(tenant: Tenant) -> Q:
    """Return the condition of people who see only some domains; empty for everybody else."""
    scope = tenant.domain_scope
    return Q() if scope is None else Q(mailbox__address__domain__in=scope)


def outgoing_within(tenant: Tenant) -> QuerySet[Submission]:
    """Return mail of `tenant` and those below that waits, is doubtful, failed, or left lately."""
    since = timezone.now() - timedelta(days=SHOWN_DAYS)
    return (
        _with_outcomes(
            Submission.objects.filter(_seen(tenant), tenant__path__startswith=tenant.path).filter(
                Q(state__in=OPEN) | Q(created_at__gte=since)
            )
        )
        .select_related("mailbox__address", "tenant")
        .order_by("-id")
    )


def in_state(rows: QuerySet[Submission], state: str) -> QuerySet[Submission]:
    """Return the rows of one filter of the list: waiting, refused, or every one."""
    refused = Outcome.objects.filter(submission=OuterRef("pk"), state=OutcomeState.REFUSED)
    deferred = Outcome.objects.filter(submission=OuterRef("pk"), state=OutcomeState.DEFERRED)
    match state:
        case "waiting":
            return rows.filter(Q(state__in=OPEN) | Exists(deferred))
        case "refused":
            return rows.filter(Q(state=SubmissionState.FAILED) | Exists(refused))
    return rows


def submission_within(tenant: Tenant, submission_id: int) -> Submission:
    """Return one submission of `tenant` or below. Raises NotFound."""
    found = (
        Submission.objects.filter(_seen(tenant), tenant__path__startswith=tenant.path)
        .select_related("mailbox__address", "tenant")
        .filter(pk=submission_id)
        .first()
    )
    if found is None:
        raise NotFound(detail=f"submission {submission_id}")
    return found


def backlog_of(tenant: Tenant) -> Backlog:
    """Return what is overdue, doubtful, failed or sent today in `tenant` and below. One query."""
    now = timezone.now()
    rows = Submission.objects.filter(tenant__path__startswith=tenant.path)
    is_early = Q(reply_text__in=OVER_LIMIT, due_at__gt=now)
    overdue = (
        ~is_early
        & Q(state__in=OPEN, created_at__lt=now - STUCK_AFTER)
        & (Q(due_at__lt=now) | Q(state=SubmissionState.QUEUED))
    )
    lately = now - timedelta(days=1)
    failed = Q(state=SubmissionState.FAILED, dismissed_at=None, created_at__gte=lately)
    sent = Q(state=SubmissionState.SENT, sent_at__gte=lately)
    counted = rows.filter(Q(state__in=OPEN) | failed | sent).aggregate(
        waiting=Count("pk", filter=overdue),
        oldest_at=Min("created_at", filter=overdue),
        doubtful=Count("pk", filter=Q(state=SubmissionState.DOUBT)),
        failed=Count("pk", filter=failed),
        sent=Count("pk", filter=sent),
    )
    return Backlog(**counted)


def _with_outcomes(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    return rows.prefetch_related(Prefetch("outcomes", Outcome.objects.order_by("id")))
