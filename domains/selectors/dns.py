"""Everything the DNS page shows: each record with its verdict, the steps, and what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from domains.dns import words
from domains.dns.dmarc import DmarcPath, dmarc_path
from domains.dns.providers import Provider, provider_of
from domains.dns.records import ExpectedRecord, Need, Step
from domains.dns.repair import proposal
from domains.dns.verdict import Judgement, Outcome, Reason, tags
from domains.models import (
    DkimKey,
    DnsCheck,
    DnsRecordState,
    Domain,
    DomainStatus,
    KeyRotation,
    RotationState,
    Verdict,
)
from domains.selectors.dns_changes import Change, changes_of, told_change, yesterday
from domains.selectors.domains import expected_records, signing_key
from domains.selectors.figures import KEY_IS_OLD

if TYPE_CHECKING:
    from django.db.models import QuerySet

CHANGES_WITHIN = timedelta(days=7)
CHANGES = 100  # at most so many of them
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_OF_A_CHECK = ("status", "verified_at", "checked_at", "dns_problems", "dns_unknown", "dns_worst")
ROTATION_SHOWN = timedelta(days=30)  # after its end: the old record may be removed


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record on the page. `verdict` empty: never asked; `known` is the last real verdict."""

    expected: ExpectedRecord
    verdict: str
    detail: str
    observed: tuple[str, ...]
    asked: int
    answered: int
    known: str
    known_at: datetime | None
    is_optional: bool  # the proof of a domain that was proved already
    figures: Mapping[str, object]  # what was counted while it was judged

    @property
    def code(self) -> str:
        """The stable code, also the anchor on the page."""
        return self.expected.record

    @property
    def title(self) -> str:
        """The record's name."""
        return words.title(self.code)

    @property
    def purpose(self) -> str:
        """What it is good for."""
        return words.purpose(self.code)

    @property
    def is_required(self) -> bool:
        """Whether the domain does not work as it should without it."""
        return self.expected.need is Need.REQUIRED

    @property
    def is_recommended(self) -> bool:
        """Whether it is worth its effort for most domains."""
        return self.expected.need is Need.RECOMMENDED

    @property
    def lookups(self) -> int:
        """Of SPF: how many lookups the whole record costs receivers; 0: not counted."""
        found = self.figures.get("lookups", 0)
        return found if isinstance(found, int) else 0

    @property
    def senders(self) -> list[tuple[str, bool]]:
        """Of SPF: our sending addresses, and whether the live record allows each."""
        found = self.figures.get("addresses", {})
        pairs = found.items() if isinstance(found, dict) else ()
        return [(str(address), result == "pass") for address, result in pairs]

    @property
    def is_problem(self) -> bool:
        """Whether something is to be done; an unknown record keeps its last verdict here."""
        return (
            self.is_required
            and not self.is_optional
            and self.known in {Verdict.MISSING, Verdict.CONFLICT}
        )

    @property
    def is_fine(self) -> bool:
        """Whether it was seen as it should be, in the last answer that said anything."""
        return self.is_optional or self.known == Verdict.MATCH

    @property
    def advice(self) -> tuple[str, str]:
        """Heading and sentence; empty without advice."""
        return words.advice(self.detail)

    @property
    def doubt(self) -> str:
        """Why nothing is known this time."""
        return words.doubt(self.detail)

    @property
    def known_label(self) -> str:
        """The last real verdict in a word."""
        return str(Verdict(self.known).label) if self.known else ""

    @property
    def proposal(self) -> str:
        """A value that repairs the live one better than the expected value would; may be empty."""
        judgement = Judgement(
            Outcome(self.verdict or Outcome.UNKNOWN), Reason(self.detail), self.observed
        )
        return proposal(self.expected, judgement)

    @property
    def wanted(self) -> str:
        """The value to publish now."""
        return self.proposal or self.expected.value


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of setting up: `state` is done, warning, current or to_come."""

    step: Step
    state: str
    open_records: int


@dataclass(frozen=True, slots=True)
class DnsReport:
    """What is known about a domain's DNS."""

    domain: Domain
    records: tuple[RecordView, ...]
    steps: tuple[StepView, ...]
    changes: tuple[Change, ...]
    latest: DnsCheck | None  # the last finished check
    running: DnsCheck | None
    dmarc: DmarcPath | None  # None: no policy that can be read
    signing: DkimKey | None  # None: no key signs yet
    rotation: (
        KeyRotation | None
    )  # the last change of the DKIM key, open or over since a short while

    @property
    def new_key(self) -> RecordView | None:
        """The record a change of the key waits for; None: it waits for none."""
        if self.rotation is None or not self.rotation.is_before_switch:
            return None
        code = f"dkim-{self.rotation.to_selector}"
        return next((record for record in self.records if record.code == code), None)

    @property
    def old_key_name(self) -> str:
        """Where the record of the key that signed before stands."""
        selector = self.rotation.from_selector if self.rotation else ""
        return f"{selector}._domainkey.{self.domain.name}"

    @property
    def old_record_may_go(self) -> bool:
        """Whether nothing needs the old record any more. A delegation stays for the next change."""
        codes = {record.code for record in self.records}
        return (
            self.rotation is not None
            and self.rotation.state == RotationState.DONE
            and f"dkim-{self.rotation.from_selector}" not in codes
        )

    @property
    def key_is_old(self) -> bool:
        """Whether the key has signed for so long that it should be changed."""
        began = self.signing.active_at if self.signing else None
        return began is not None and began < timezone.now() - KEY_IS_OLD

    @property
    def provider(self) -> Provider | None:
        """Whose name servers the domain has, when it is one we know."""
        return provider_of(self.latest.servers) if self.latest else None

    @property
    def fresh_changes(self) -> list[Change]:
        """What changed since yesterday began."""
        return [change for change in self.changes if change.at >= yesterday()]

    @property
    def older_changes(self) -> list[Change]:
        """What changed before that."""
        return [change for change in self.changes if change.at < yesterday()]

    @property
    def to_do(self) -> list[RecordView]:
        """Records that were missing or wrong when last seen, and those never seen."""
        return [
            r
            for r in self.records
            if r.is_required and (r.is_problem or not r.known) and not self._doubted(r)
        ]

    @property
    def recommended(self) -> list[RecordView]:
        """Records that make mail safer or easier and are not there; nothing breaks without them."""
        shown = self.new_key
        return [r for r in self.records if r.is_recommended and not r.is_fine and r is not shown]

    @property
    def optional(self) -> list[RecordView]:
        """The rest that is not there, for who wants everything."""
        return [r for r in self.records if r.expected.need is Need.OPTIONAL and not r.is_fine]

    @property
    def doubtful(self) -> list[RecordView]:
        """Records nobody could tell about this time."""
        return [r for r in self.records if self._doubted(r)]

    @property
    def fine(self) -> list[RecordView]:
        """Records that are as they should be."""
        shown = self.new_key
        return [r for r in self.records if r.is_fine and not self._doubted(r) and r is not shown]

    @property
    def wanted(self) -> list[RecordView]:
        """Records that are needed now: all but a proof already given."""
        return [r for r in self.records if r.is_required and not r.is_optional]

    @property
    def seen_count(self) -> int:
        """How many of the wanted records are as they should be."""
        return sum(record.is_fine for record in self.wanted)

    @property
    def open_count(self) -> int:
        """How many of the wanted records are missing, wrong or not asked for yet."""
        return len(self.wanted) - self.seen_count

    @property
    def fingerprint(self) -> str:
        """Changes when what was seen changes; a repeated check with the same result keeps it."""
        seen = [(r.code, r.verdict, r.detail, r.observed, r.known) for r in self.records]
        moved = (self.rotation.pk, self.rotation.state) if self.rotation else ()
        return f"{crc32(repr((self.domain.status, seen, moved)).encode()):08x}"

    @property
    def receives(self) -> bool:
        """Whether other servers deliver mail here, as far as is known."""
        return all(r.is_fine for r in self.records if r.expected.step is Step.RECEIVING)

    @property
    def sends_well(self) -> bool:
        """Whether mail from here carries its proofs, as far as is known."""
        return all(r.is_fine for r in self.records if r.expected.step is Step.SENDING)

    @staticmethod
    def _doubted(record: RecordView) -> bool:
        return record.verdict == Verdict.UNKNOWN and record.is_required and not record.is_optional


def dns_report(domain: Domain) -> DnsReport:
    """Return the report; `domain` is brought up to the newest check.

    Seven queries, whatever the history; one more when a check ended a moment ago.
    """
    prefetch_related_objects([domain], "dkim_keys")
    rotation = _rotation(domain)
    # One query for what runs and what is done: a check that finishes between two of them would be
    # in neither, and the page would rest on old news.
    checks = list(
        DnsCheck.objects.filter(domain=domain).order_by("-pk").prefetch_related("records")[:50]
    )
    finished = [check for check in checks if check.finished_at is not None]
    running = next((check for check in checks if check.finished_at is None), None)
    latest = finished[0] if finished else None
    if latest and latest.finished_at and latest.finished_at > (domain.checked_at or _LONG_AGO):
        # It ended since the domain was read: a page must not say "seen" and "waiting" at once.
        domain.refresh_from_db(fields=_OF_A_CHECK)
    states = {state.record: state for state in latest.records.all()} if latest else {}
    known = _last_known(domain)
    records = tuple(
        _view(domain, record, states.get(record.record), known.get(record.record))
        for record in expected_records(domain)
    )
    return DnsReport(
        domain,
        records,
        tuple(_steps(records)),
        tuple(_changes(domain, latest, known)),
        latest,
        running,
        _dmarc(records, finished, rotation),
        signing_key(domain.dkim_keys.all()),
        rotation,
    )


def _rotation(domain: Domain) -> KeyRotation | None:
    """Return the last change of the key unless it was cancelled or is long over."""
    last = KeyRotation.objects.filter(domain=domain).order_by("-pk").first()
    if last is None or last.state == RotationState.CANCELLED:
        return None
    is_over = last.ended_at is not None and last.ended_at < timezone.now() - ROTATION_SHOWN
    return None if is_over else last


def _dmarc(
    records: Sequence[RecordView], finished: Sequence[DnsCheck], rotation: KeyRotation | None
) -> DmarcPath | None:
    """Return where the domain's policy stands; `finished` newest first."""
    own = next(record for record in records if record.code == "dmarc")
    if own.verdict != Verdict.MATCH or not own.observed:
        return None
    sends_well = all(r.is_fine for r in records if r.expected.step is Step.SENDING)
    policy = tags(own.observed[0]).get("p", "").lower()
    since = None
    for check in finished:
        if not _is_steady(check, policy, _signed_by(check, records, rotation)):
            break
        since = check.finished_at
    return dmarc_path(own.observed[0], since=since, sends_well=sends_well, now=timezone.now())


def _signed_by(check: DnsCheck, records: Sequence[RecordView], rotation: KeyRotation | None) -> str:
    """Return the code of the DKIM record that mail was signed by at the time of the check."""
    if rotation and rotation.switched_at and check.finished_at:
        is_before = check.finished_at < rotation.switched_at
        selector = rotation.from_selector if is_before else rotation.to_selector
        return f"dkim-{selector}"
    signing = (r.code for r in records if r.code.startswith("dkim-") and r.is_required)
    return next(signing, "")


def _is_steady(check: DnsCheck, policy: str, dkim: str) -> bool:
    """Return whether nothing the check saw speaks against SPF, DKIM and this very policy."""
    for state in check.records.all():
        kind = state.record.partition("-")[0]
        if kind in {"spf", "dmarc"} or state.record == dkim:
            if state.verdict == Verdict.UNKNOWN:
                continue
            if state.verdict != Verdict.MATCH:
                return False
            if kind == "dmarc" and tags(state.observed[0]).get("p", "").lower() != policy:
                return False
    return True


def running_check(domain: Domain) -> DnsCheck | None:
    """Return the unfinished check of `domain`, if any. One query."""
    return DnsCheck.objects.filter(domain=domain, finished_at=None).order_by("-pk").first()


def dns_checks(domain: Domain) -> QuerySet[DnsCheck]:
    """Return the finished checks that are kept, newest first, with what each saw."""
    return (
        DnsCheck.objects.filter(domain=domain, finished_at__isnull=False)
        .prefetch_related(Prefetch("records", DnsRecordState.objects.order_by("pk")))
        .order_by("-pk")
    )


def _changes(
    domain: Domain, latest: DnsCheck | None, known: Mapping[str, DnsRecordState]
) -> Iterable[Change]:
    """Return this week's changes, newest first; an unknown that lasts until now is the last word."""
    for state in latest.records.all() if latest else ():
        before = known.get(state.record)
        if state.verdict == Verdict.UNKNOWN and before is not None and latest is not None:
            at = latest.finished_at or timezone.now()
            yield Change(state.record, before.verdict, state.verdict, at, latest.confirmed_at)
    yield from map(
        told_change, changes_of(domain).filter(at__gte=timezone.now() - CHANGES_WITHIN)[:CHANGES]
    )


def _last_known(domain: Domain) -> dict[str, DnsRecordState]:
    rows: QuerySet[DnsRecordState] = (
        DnsRecordState.objects.filter(
            check_row__domain=domain, check_row__finished_at__isnull=False
        )
        .exclude(verdict=Verdict.UNKNOWN)
        .select_related("check_row")
        .order_by("record", "-check_row_id")
        .distinct("record")
    )
    return {row.record: row for row in rows}


def _view(
    domain: Domain,
    record: ExpectedRecord,
    state: DnsRecordState | None,
    known: DnsRecordState | None,
) -> RecordView:
    return RecordView(
        expected=record,
        verdict=state.verdict if state else "",
        detail=state.detail if state else "",
        observed=tuple(state.observed) if state else (),
        asked=state.servers_asked if state else 0,
        answered=state.servers_answered if state else 0,
        known=known.verdict if known else "",
        known_at=known.check_row.finished_at if known else None,
        is_optional=record.record == "ownership" and domain.status != DomainStatus.PENDING,
        figures=state.figures if state else {},
    )


def _steps(records: Iterable[RecordView]) -> Iterable[StepView]:
    by_step: dict[Step, list[RecordView]] = {}
    for record in records:
        by_step.setdefault(record.expected.step, []).append(record)
    is_first_open = True
    for step in (Step.OWNERSHIP, Step.RECEIVING, Step.SENDING):
        mine = by_step.get(step, [])
        open_records = sum(not record.is_fine for record in mine)
        if not open_records:
            state = "done"
        elif is_first_open:
            state, is_first_open = "current", False
            if any(record.verdict == Verdict.CONFLICT for record in mine):
                state = "warning"
        else:
            state = "to_come"
        yield StepView(step, state, open_records)
