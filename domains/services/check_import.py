"""Checks the rows of an imported table, in words, before anything is created."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.hashers import imported_hash
from accounts.models import LoginName, User
from accounts.selectors import limits_of
from domains.columns import Column, Ground, Problem, Reading, read_row
from domains.customers import read_customer
from domains.errors import JobNotReady, JobStopped
from domains.models import (
    OPEN_ROWS,
    Address,
    Group,
    Job,
    JobFile,
    JobKind,
    JobRow,
    JobState,
    Mailbox,
    MailboxStatus,
    RowState,
)
from domains.selectors import open_domains
from domains.selectors.search import seen
from domains.services.check_customers import customer_ground, judge_customers
from domains.services.check_quota import quota_rule
from domains.services.import_rows import Line, row_of
from domains.services.job_rights import require_for
from domains.services.require_room import Room, chain_of, count_of
from domains.services.upload_import import columns_for, hold_job
from portal.sheets import SheetRefused, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from accounts.actor import Actor
    from accounts.models import Tenant

MAX_ROWS = 50_000
BATCH = 1000
MAX_MENDED = 1000  # wrong rows that one request looks at again
ROOM_OF = {
    JobKind.IMPORT_MAILBOXES: Room.MAILBOXES,
    JobKind.IMPORT_ALIASES: Room.ALIASES,
    JobKind.IMPORT_FORWARDERS: Room.FORWARDERS,
    JobKind.IMPORT_CUSTOMERS: Room.DOMAINS,
}


def check_import(job: Job) -> None:
    """Read the job's file into rows. Repeating it begins anew. Raises SheetRefused, JobStopped."""
    file = JobFile.objects.filter(job=job).first()
    if file is None:
        raise SheetRefused(_("The file is gone. Upload it again."))
    JobRow.objects.filter(job=job).delete()
    read, judge = _judges_of(job)
    seen: dict[str, int] = {}
    lines = _lines(job, bytes(file.content), read)
    handled = 0
    while batch := list(islice(lines, BATCH)):
        handled += len(batch)
        if handled > MAX_ROWS:
            JobRow.objects.filter(job=job).delete()
            raise SheetRefused(
                _("The file has more than %(max)d rows. Split it into several.") % {"max": MAX_ROWS}
            )
        with transaction.atomic():
            JobRow.objects.bulk_create(judge(batch, seen))
            if not Job.objects.filter(pk=job.pk, state=JobState.CHECKING).update(handled=handled):
                return
        refuse_stopped(job)
    if not handled:
        raise SheetRefused(_("Below the heading there is no row."))
    _checked(job)


def refuse_stopped(job: Job) -> None:
    """Raise JobStopped once somebody asked to stop."""
    if Job.objects.filter(pk=job.pk).values_list("is_cancel_asked", flat=True).first():
        raise JobStopped


def mend_rows(*, actor: Actor, job: Job, corrections: Mapping[int, Mapping[str, str]]) -> int:
    """Write corrected cells (by row id) into rows that were wrong, and check the wrong ones again.

    One correction may mend other rows, and so may a plan or a domain that was made meanwhile: the
    first MAX_MENDED wrong rows are looked at too. Returns how many are ready now. Raises
    JobNotReady, NotAllowed.
    """
    require_for(actor, job)
    with transaction.atomic():
        held = hold_job(actor, job, (JobState.READY,))
        if not held.is_import:
            raise JobNotReady
        read, judge = _judges_of(held)
        wrong = JobRow.objects.filter(job=held, state=RowState.WRONG)
        first = wrong.order_by("number").values("pk")[:MAX_MENDED]
        rows = list(wrong.filter(Q(pk__in=corrections) | Q(pk__in=first)).order_by("number"))
        lines = []
        for row in rows:
            known = {
                c: text[:1000]
                for c, text in corrections.get(row.pk, {}).items()
                if c in columns_for(held.kind)
            }
            values = row.values | known
            lines.append(Line(row.number, values, read(values)))
        claims = [claim for line in lines for claim in line.reading.claims]
        others = JobRow.objects.filter(job=held).exclude(state=RowState.WRONG)
        seen = {
            claim: other.number
            for other in others.filter(
                Q(name__in=claims) | Q(found__claims__has_any_keys=claims)
            ).order_by("-number")
            for claim in (other.name, *other.found.get("claims", ()))
        }
        judged = {row.number: row for row in judge(lines, seen)}
        for row in rows:
            fresh = judged[row.number]
            row.name, row.state, row.message = fresh.name, fresh.state, fresh.message
            row.values, row.found = fresh.values, fresh.found
        JobRow.objects.bulk_update(rows, ["name", "state", "message", "values", "found"])
        _checked(held)
    return sum(row.state in OPEN_ROWS for row in rows)


def ground_of(job: Job) -> Ground:
    """Return what the rows of the job are read against. Two queries, three with groups."""
    groups: set[str] = set()
    if Column.GROUPS in job.options.get("columns", ()):
        groups = set(
            Group.objects.filter(seen(job.tenant), tenant=job.tenant).values_list(
                "address__email", flat=True
            )
        )
    domains = set(open_domains(job.tenant).values_list("name", flat=True))
    default = job.options.get("default_domain", "")
    return Ground(
        domains=domains,
        default_domain=default if default in domains else "",
        check_quota=quota_rule(job.tenant),
        read_hash=imported_hash,
        groups=groups,
    )


def room_for(tenant: Tenant, kind: str) -> int | None:
    """Return how many more the plans allow at this moment, without a lock; None: no limit."""
    room = ROOM_OF[JobKind(kind)]
    left = [
        max(0, getattr(one, room) - count_of(room, one.tenant_path))
        for one in chain_of(limits_of(tenant))
        if getattr(one, room) is not None
    ]
    return min(left, default=None)


def needed_room(job: Job, ready: int) -> int:
    """Return how much of `room_for` the `ready` rows take: one each, or a customer's domains."""
    if job.kind != JobKind.IMPORT_CUSTOMERS:
        return ready
    rows = JobRow.objects.filter(job=job, state__in=OPEN_ROWS)
    return sum(len(names) for names in rows.values_list("found__domains", flat=True))


def _judges_of(
    job: Job,
) -> tuple[
    Callable[[Mapping[str, str]], Any],
    Callable[[Sequence[Line[Any]], dict[str, int]], Iterator[JobRow]],
]:
    """Return what reads a row of the job, and what asks the database about rows that were read."""
    if job.kind == JobKind.IMPORT_CUSTOMERS:
        return partial(read_customer, ground=customer_ground(job.tenant)), partial(
            judge_customers, job
        )
    read = partial(
        read_row, ground=ground_of(job), with_targets=job.kind != JobKind.IMPORT_MAILBOXES
    )
    return read, partial(_judged, job)


def _checked(job: Job) -> None:
    rows = JobRow.objects.filter(job=job)
    wrong = rows.filter(state=RowState.WRONG).count()
    Job.objects.filter(pk=job.pk, state__in=(JobState.CHECKING, JobState.READY)).update(
        state=JobState.READY, total=rows.count(), handled=0, refused=wrong, attempts=0
    )


def _lines(
    job: Job, content: bytes, read: Callable[[Mapping[str, str]], Any]
) -> Iterator[Line[Any]]:
    options = job.options
    sheet = read_sheet(content, encoding=options["encoding"], separator=options["separator"])
    columns: list[str] = options["columns"]
    rows = sheet.rows
    if options["has_heading"]:
        next(rows, None)
    for number, cells in rows:
        values = {
            column: cell[:1000] for column, cell in zip(columns, cells, strict=False) if column
        }
        reading = read(values)
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            reading.problems.insert(
                0,
                Problem(
                    _("The row has %(n)d cells, the heading only %(m)d.")
                    % {"n": len(cells), "m": len(columns)}
                ),
            )
        yield Line(number, values, reading)


def _judged(job: Job, lines: Sequence[Line[Reading]], seen: dict[str, int]) -> Iterator[JobRow]:
    """Yield rows with what the database says about them. Constant queries; `seen` grows."""
    wanted = {line.reading.email for line in lines if line.reading.email}
    aliases = {alias for line in lines for alias in line.reading.aliases}
    taken = _taken(job, wanted | aliases)
    elsewhere = _elsewhere(job, wanted) if job.kind == JobKind.IMPORT_MAILBOXES else {}
    targets = _targets(job, lines) if job.kind == JobKind.IMPORT_ALIASES else None
    for line in lines:
        reading = line.reading
        state, words = "", ""
        email = reading.email
        if email and email in seen:
            reading.problems.append(
                Problem(
                    _("The same address stands in line %(n)d.") % {"n": seen[email]}, Column.ADDRESS
                )
            )
        elif email and not reading.problems and email in taken:
            state, words = taken[email]
        if email:
            seen.setdefault(email, line.number)
        if email in elsewhere:
            reading.problems.append(Problem(elsewhere[email], Column.ADDRESS))
        for alias in reading.aliases:
            if alias in seen or (alias in taken and state != RowState.SKIPPED):
                reading.problems.append(
                    Problem(
                        _("The alias %(address)s is already in use.") % {"address": alias},
                        Column.ALIASES,
                    )
                )
            seen.setdefault(alias, line.number)
        if targets is not None:
            reading.problems += [
                Problem(
                    _("%(address)s is no mailbox of yours.") % {"address": target}, Column.TARGETS
                )
                for target in reading.targets
                if target not in targets
            ][:3]
        yield _row(job, line, state, words)


def _row(job: Job, line: Line[Reading], state: str, words: str) -> JobRow:
    reading = line.reading
    found: dict[str, Any] = {
        "email": reading.email,
        "localpart": reading.localpart,
        "domain": reading.domain,
        "name": reading.name,
        "quota_bytes": reading.quota_bytes,
        "aliases": reading.aliases,
        "groups": reading.groups,
        "targets": reading.targets,
        "password": reading.password,
        "invite": reading.invite,
    }
    name = reading.email or line.values.get(Column.ADDRESS, "")
    return row_of(job, line, name=name, found=found, state=state, words=words)


def _taken(job: Job, emails: set[str]) -> dict[str, tuple[str, str]]:
    """Return what answers to each of the addresses: the row's state and the words."""
    rows = Address.objects.filter(email__in=emails).values_list(
        "email", "tenant_id", "mailbox__status", "alias__id", "forwarder__id"
    )
    found: dict[str, tuple[str, str]] = {}
    same = {JobKind.IMPORT_MAILBOXES: 2, JobKind.IMPORT_ALIASES: 3, JobKind.IMPORT_FORWARDERS: 4}
    for row in rows:
        email, tenant_id, status, alias_id, _forwarder = row
        if tenant_id == job.tenant_id and row[same[JobKind(job.kind)]]:
            if status == MailboxStatus.DELETING:
                found[email] = (
                    RowState.WRONG,
                    _(
                        "A mailbox of this address is being deleted. Undo that, or wait for its day."
                    ),
                )
                continue
            found[email] = (RowState.SKIPPED, _("It exists already; nothing is changed."))
        elif status:
            found[email] = (RowState.WRONG, _("There is a mailbox at this address already."))
        elif alias_id:
            found[email] = (RowState.WRONG, _("There is an alias at this address already."))
        else:
            found[email] = (
                RowState.WRONG,
                _("This address is already in use. Choose another one."),
            )
    return found


def _elsewhere(job: Job, emails: set[str]) -> dict[str, str]:
    """Return those whose sign-in belongs to somebody of another tenant, with the words."""
    words = partial(
        _, "Somebody of another organisation signs in with this address. Choose another one."
    )
    people = User.objects.filter(email__in=emails).exclude(tenant=job.tenant)
    names = LoginName.objects.filter(address__in=emails).exclude(user__tenant=job.tenant)
    return dict.fromkeys(
        [*people.values_list("email", flat=True), *names.values_list("address", flat=True)],
        words(),
    )


def _targets(job: Job, lines: Sequence[Line[Reading]]) -> set[str]:
    wanted = {target for line in lines for target in line.reading.targets}
    return set(
        Mailbox.objects.of(job.tenant)
        .exclude(status=MailboxStatus.DELETING)
        .filter(address__email__in=wanted)
        .values_list("address__email", flat=True)
    )
