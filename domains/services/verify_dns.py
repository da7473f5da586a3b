"""Looks at a domain's DNS, writes down what it saw and draws the conclusions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.services.note_access_change import note_domain_change
from accounts.services.record_audit import record_audit
from domains.dns.records import Need
from domains.dns.resolver import observe
from domains.dns.schedule import next_look
from domains.dns.verdict import Judgement, Outcome, judge
from domains.models import (
    DkimKey,
    DnsChange,
    DnsCheck,
    DnsRecordState,
    Domain,
    DomainStatus,
    Verdict,
)
from domains.selectors import expected_records
from domains.services.advance_rotations import advance_rotation_of
from domains.services.alert_dns import alert_dns
from domains.services.ready_keys import SELECTORS, add_keys, publish_keys
from domains.services.weigh_spf import weigh_spf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from domains.dns.answers import Observation
    from domains.dns.records import ExpectedRecord

KEEP_DAYS = 30
KEEP_CHECKS = 10
_BAD = (Verdict.MISSING, Verdict.CONFLICT)


@dataclass(frozen=True, slots=True)
class Seen:
    """One expected record and what this look says about it."""

    record: ExpectedRecord
    judgement: Judgement

    @property
    def signature(self) -> tuple[str, str, tuple[str, ...]]:
        """What must stay the same for two looks to have seen the same."""
        judgement = self.judgement
        return (
            judgement.outcome.value,
            judgement.reason.value,
            tuple(sorted(judgement.observed)),
        )


def verify_dns(*, check_id: int) -> DnsCheck | None:
    """Carry out one check; None when it is gone. Finished checks are returned as they are.

    Asks the network outside any transaction. Seeing the ownership record makes a pending domain
    active. `unknown` never overwrites what was known: problems are counted from the last word.
    """
    check = DnsCheck.objects.select_related("domain", "tenant").filter(pk=check_id).first()
    if check is None or check.finished_at is not None:
        return check
    add_keys(check.domain)
    publish_keys(check.domain)
    records = expected_records(check.domain)
    observation = observe(check.domain.name, [record.question for record in records])
    seen = judged(check.domain.name, records, observation)
    stored = store_check(check.domain_id, check_id, seen, list(observation.servers))
    advance_rotation_of(check.domain_id)
    return stored


def judged(
    domain_name: str, records: Sequence[ExpectedRecord], observation: Observation
) -> list[Seen]:
    """Return the verdict on every record; SPF is weighed with all its includes."""
    return [
        Seen(one, weigh_spf(domain_name, one, judge(one, observation.answers[one.question])))
        for one in records
    ]


def store_check(
    domain_id: int, check_id: int, seen: list[Seen], servers: list[str]
) -> DnsCheck | None:
    """Write down what an open check saw, and what follows from it, in one transaction."""
    now = timezone.now()
    with transaction.atomic():
        # The domain first: two checks of one domain must not wait for each other in a circle.
        domain = (
            Domain.objects.select_for_update(no_key=True, of=("self",))
            .select_related("tenant")
            .filter(pk=domain_id)
            .first()
        )
        check = DnsCheck.objects.select_for_update().filter(pk=check_id).first()
        if domain is None or check is None or check.finished_at is not None:
            return check
        previous = (
            DnsCheck.objects.filter(domain=domain, finished_at__isnull=False)
            .order_by("-pk")
            .first()
        )
        # What was asked for earlier is answered by this as well.
        DnsCheck.objects.filter(domain=domain, finished_at=None, pk__lt=check.pk).delete()
        known = _last_known(domain)
        said = [one for one in seen if one.judgement.outcome is not Outcome.UNKNOWN]
        _write_states(check, seen)
        _write_changes(check, known, said, now)
        check.finished_at = now
        check.servers = servers
        check.changed = previous is None or not saw_the_same(previous, seen)
        check.save(update_fields=["finished_at", "servers", "changed"])
        if previous is not None and not check.changed:
            _settle(previous, domain, seen, now)
        is_unsettled = check.changed and previous is not None
        last_words = {record: state.verdict for record, state in known.items()} | {
            one.record.record: one.judgement.outcome.value for one in said
        }
        _conclude(domain, seen, last_words, now, is_unsettled=is_unsettled)
        _forget_old(domain, now)
    return check


def _write_states(check: DnsCheck, seen: list[Seen]) -> None:
    DnsRecordState.objects.bulk_create(
        DnsRecordState(
            check_row=check,
            record=one.record.record,
            name=one.record.name,
            rdtype=one.record.rdtype,
            expected=one.record.value,
            observed=list(one.judgement.observed),
            verdict=Verdict(one.judgement.outcome.value),
            detail=one.judgement.reason.value,
            figures=dict(one.judgement.figures),
            servers_asked=one.judgement.asked,
            servers_answered=one.judgement.answered,
        )
        for one in seen
    )


def _write_changes(
    check: DnsCheck, known: dict[str, DnsRecordState], said: list[Seen], now: datetime
) -> None:
    """Write what turned in the DNS; where another value is wanted than before, nothing did there."""
    DnsChange.objects.bulk_create(
        DnsChange(
            tenant_id=check.tenant_id,
            domain_id=check.domain_id,
            check_row=check,
            record=one.record.record,
            before=was.verdict,
            after=one.judgement.outcome.value,
            at=now,
        )
        for one in said
        if (was := known.get(one.record.record)) is not None
        and was.expected == one.record.value
        and was.verdict != one.judgement.outcome.value
    )


def saw_the_same(previous: DnsCheck, seen: list[Seen]) -> bool:
    """Return whether this look found what `previous` found."""
    before = {
        state.record: (state.verdict, state.detail, tuple(sorted(state.observed)))
        for state in previous.records.all()
    }
    return before == {one.record.record: one.signature for one in seen}


def _settle(previous: DnsCheck, domain: Domain, seen: list[Seen], now: datetime) -> None:
    """Confirm a change seen twice, or drop a check that says the same as this one."""
    if not previous.changed:
        previous.delete()
        return
    if previous.confirmed_at is None and not any(
        one.judgement.outcome is Outcome.UNKNOWN for one in seen
    ):
        previous.confirmed_at = now
        previous.save(update_fields=["confirmed_at"])
        previous.domain = domain
        alert_dns(previous)
        record_audit(
            Actor.system(domain.tenant),
            domain.tenant,
            action="domain.dns_confirmed",
            target=("domain", domain.pk, domain.name),
            changes={one.record.record: ["", one.judgement.outcome.value] for one in seen},
        )


def _conclude(
    domain: Domain, seen: list[Seen], known: dict[str, str], now: datetime, *, is_unsettled: bool
) -> None:
    """Say what follows; `known` is the last word on each record that was one."""
    by_code = {one.record.record: one.judgement.outcome for one in seen}
    if domain.status == DomainStatus.PENDING and by_code.get("ownership") is Outcome.MATCH:
        _activate(domain, now)
    bad = [
        f"{one.record.record}.{known[one.record.record]}"
        for one in seen
        if known.get(one.record.record) in _BAD
        and one.record.need is Need.REQUIRED
        # The proof may be removed once it was seen.
        and (one.record.record != "ownership" or domain.status == DomainStatus.PENDING)
    ]
    unknown = [
        one
        for one in seen
        if one.judgement.outcome is Outcome.UNKNOWN and one.record.need is Need.REQUIRED
    ]
    domain.checked_at = now
    domain.dns_problems = len(bad)
    domain.dns_problems_since = (domain.dns_problems_since or now) if bad else None
    domain.dns_unknown = len(unknown)
    domain.dns_worst = bad[0][:40] if bad else ""
    if domain.mx_seen_at is None and by_code.get("mx") is Outcome.MATCH:
        domain.mx_seen_at = now
    domain.next_check_at = next_look(
        now=now,
        created_at=domain.created_at,
        is_pending=domain.status == DomainStatus.PENDING,
        is_unsettled=is_unsettled or bool(unknown),
    )
    domain.save(
        update_fields=[
            "checked_at",
            "dns_problems",
            "dns_problems_since",
            "dns_unknown",
            "dns_worst",
            "mx_seen_at",
            "next_check_at",
        ]
    )


def _activate(domain: Domain, now: datetime) -> None:
    domain.status = DomainStatus.ACTIVE
    domain.verified_at = now
    domain.save(update_fields=["status", "verified_at"])
    note_domain_change(domain_name=domain.name)
    DkimKey.objects.filter(
        domain=domain, selector=SELECTORS[0], active_at=None, retired_at=None
    ).update(active_at=now)
    record_audit(
        Actor.system(domain.tenant),
        domain.tenant,
        action="domain.verify",
        target=("domain", domain.pk, domain.name),
        changes={"status": [DomainStatus.PENDING.value, DomainStatus.ACTIVE.value]},
    )


def _last_known(domain: Domain) -> dict[str, DnsRecordState]:
    """Return the last word of finished checks on each record."""
    rows: QuerySet[DnsRecordState] = (
        DnsRecordState.objects.filter(
            check_row__domain=domain, check_row__finished_at__isnull=False
        )
        .exclude(verdict=Verdict.UNKNOWN)
        .order_by("record", "-check_row_id")
        .distinct("record")
    )
    return {row.record: row for row in rows}


def _forget_old(domain: Domain, now: datetime) -> None:
    """Drop changes older than a month, but never the newest ones."""
    newest = (
        DnsCheck.objects.filter(domain=domain)
        .order_by("-pk")
        .values_list("pk", flat=True)[:KEEP_CHECKS]
    )
    old = DnsCheck.objects.filter(
        Q(domain=domain) & Q(finished_at__lt=now - timedelta(days=KEEP_DAYS))
    )
    old.exclude(pk__in=list(newest)).delete()
