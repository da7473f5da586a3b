"""Looks again at the domains whose DNS is due: hundreds side by side, and quietly when nothing changed."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from domains.dns.resolver import Engine
from domains.dns.schedule import next_look
from domains.dns.verdict import Outcome
from domains.models import DnsCheck, Domain, DomainStatus
from domains.selectors import expected_records
from domains.services.request_dns_check import open_check
from domains.services.verify_dns import judged, saw_the_same, store_check
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from domains.dns.records import ExpectedRecord
    from domains.services.verify_dns import Seen

BATCH = 500
LEASE = timedelta(minutes=5)  # a lost worker costs this long
AT_A_TIME_SECONDS = 50.0  # then the next tick goes on
TASK = "domains.check_due"
_ONE_LOOKS = "domains:check_due"  # cache key: one worker at a time looks at what is due


def look_at_due(*, seconds: float = AT_A_TIME_SECONDS) -> int:
    """Look at what is due, batch after batch, for about `seconds`; return how many domains.

    Nothing happens while another worker is at it.
    """
    if not cache.add(_ONE_LOOKS, 1, timeout=int(seconds) + 60):
        return 0
    try:
        return _look(seconds)
    finally:
        cache.delete(_ONE_LOOKS)
        if Domain.objects.filter(next_check_at__lte=timezone.now()).exists():
            after_commit(TASK)


def check_due(*, batch: int = BATCH) -> int:
    """Look at one batch of due domains; return how many. Any number may run at once."""
    with asyncio.Runner() as runner:
        return _batch(runner, Engine(), batch, time.monotonic() + AT_A_TIME_SECONDS)


def _look(seconds: float) -> int:
    end = time.monotonic() + seconds
    done = 0
    with asyncio.Runner() as runner:
        engine = Engine()  # it remembers dead servers from one batch to the next
        while time.monotonic() < end:
            found = _batch(runner, engine, BATCH, end)
            done += found
            if found < BATCH:
                break
    return done


@dataclass(frozen=True, slots=True)
class _Case:
    """A domain to look at, what it should publish, and the last finished check (None: never)."""

    domain: Domain
    records: tuple[ExpectedRecord, ...]
    last: DnsCheck | None


def _batch(runner: asyncio.Runner, engine: Engine, size: int, end: float) -> int:
    """Look at up to `size` domains; what is not judged by `end` is due again at once."""
    claimed, free = _claim(size)
    cases = _cases(free)
    observations = runner.run(
        engine.observe_all(
            (case.domain.name, [record.question for record in case.records]) for case in cases
        )
    )
    quiet: list[tuple[_Case, list[Seen]]] = []
    late: list[int] = []
    for case, observation in zip(cases, observations, strict=True):
        if time.monotonic() > end:  # judging an SPF record may ask the DNS too
            late.append(case.domain.pk)
            continue
        seen = judged(case.domain.name, case.records, observation)
        if _is_quiet(case, seen):
            quiet.append((case, seen))
        else:
            check = DnsCheck.objects.create(tenant_id=case.domain.tenant_id, domain=case.domain)
            store_check(case.domain.pk, check.pk, seen, list(observation.servers))
    _note_quiet(quiet)
    Domain.objects.filter(pk__in=late).update(next_check_at=timezone.now())
    return claimed


def _claim(size: int) -> tuple[int, list[int]]:
    """Lease due domains; return how many, and those to look at here.

    A check that a person waits for is its own worker's: it is woken once more.
    """
    now = timezone.now()
    with transaction.atomic():
        due = list(
            Domain.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(next_check_at__lte=now)
            .order_by("next_check_at")[:size]
        )
        ids = [domain.pk for domain in due]
        Domain.objects.filter(pk__in=ids).update(next_check_at=now + LEASE)
        waited_for = set(
            DnsCheck.objects.filter(domain__in=ids, finished_at=None).values_list(
                "domain_id", flat=True
            )
        )
        for domain in due:
            if domain.pk in waited_for:
                open_check(domain, by_person=False)
    return len(ids), [pk for pk in ids if pk not in waited_for]


def _cases(ids: Sequence[int]) -> list[_Case]:
    """Load what is needed to look at the domains. Four queries."""
    domains = list(Domain.objects.filter(pk__in=ids).prefetch_related("dkim_keys"))
    finished = DnsCheck.objects.filter(domain__in=ids, finished_at__isnull=False)
    last = {
        check.domain_id: check
        for check in finished.order_by("domain", "-pk")
        .distinct("domain")
        .prefetch_related("records")
    }
    return [_Case(one, expected_records(one), last.get(one.pk)) for one in domains]


def _is_quiet(case: _Case, seen: list[Seen]) -> bool:
    """Return whether nothing follows from this look: it saw what two looks before it saw."""
    if case.last is None or case.last.changed or not saw_the_same(case.last, seen):
        return False
    outcomes = {one.record.record: one.judgement.outcome for one in seen}
    is_proved_now = outcomes.get("ownership") is Outcome.MATCH
    return not (case.domain.status == DomainStatus.PENDING and is_proved_now)


def _note_quiet(quiet: Sequence[tuple[_Case, list[Seen]]]) -> None:
    """Move the times of looks that say the same again; a handful of statements for all."""
    now = timezone.now()
    by_time: defaultdict[datetime, list[int]] = defaultdict(list)
    for case, seen in quiet:
        when = next_look(
            now=now,
            created_at=case.domain.created_at,
            is_pending=case.domain.status == DomainStatus.PENDING,
            is_unsettled=any(one.judgement.outcome is Outcome.UNKNOWN for one in seen),
        )
        by_time[when].append(case.domain.pk)
    with transaction.atomic():
        for when, ids in by_time.items():
            Domain.objects.filter(pk__in=ids).update(checked_at=now, next_check_at=when)
        DnsCheck.objects.filter(pk__in=[case.last.pk for case, _seen in quiet if case.last]).update(
            finished_at=now
        )
