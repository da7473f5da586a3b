"""What is wrong with an installation, in words, each with the way out; `manage.py doctor` prints it."""

from __future__ import annotations

import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.models import Membership, Role
from delivery.models import Submission, SubmissionState
from domains.models import Domain
from domains.selectors import wrong_rooms, wrong_storage
from mailserver.health import look
from mailserver.stack import control, probes
from mailserver.stack.secrets import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.config import Stack

LATE = timedelta(minutes=5)
ROOM_BYTES = 2_000_000_000
CERTIFICATE_LEFT = timedelta(days=14)


class Level(StrEnum):
    """How bad a finding is."""

    GOOD = "ok"
    CAUTION = "look"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one part; `remedy` is empty where nothing is to be done."""

    level: Level
    part: str
    words: str
    remedy: str = ""


def examine(host: Stack) -> Iterator[Finding]:
    """Yield one finding or more for each part, in the order in which to repair them."""
    for look_at in (_disk, _secrets, _certificate):
        yield from look_at(host)
    if not control.Control(host).ready():
        yield Finding(Level.BAD, "programs", "Nothing runs here.", f"bin/start --data {host.data}")
        return
    for look_at in (_programs, _daemons, _sockets):
        yield from look_at(host)
    for ask in (_tables, _operator, _outbox, _dns_checks, _counters):
        try:
            yield from ask()
        except DatabaseError as error:
            yield Finding(
                Level.BAD,
                "database",
                f"The database does not answer ({type(error).__name__}).",
                f"Read {host.data}/log/postgres.log; bin/start starts it.",
            )
            return


def _disk(host: Stack) -> Iterator[Finding]:
    free = shutil.disk_usage(host.data).free
    words = f"{free // 1_000_000} MB are free on the disk of {host.data}."
    if free < ROOM_BYTES:
        yield Finding(
            Level.BAD, "disk", words, "Make room: mail is refused with 452 when it is full."
        )
    else:
        yield Finding(Level.GOOD, "disk", words)


def _secrets(host: Stack) -> Iterator[Finding]:
    folder = host.data / "secrets"
    missing = [name for name in KINDS if not (folder / name).exists()]
    bare = [
        name
        for name in KINDS
        if name not in missing and stat.S_IMODE((folder / name).stat().st_mode) & 0o077
    ]
    if missing:
        yield Finding(
            Level.BAD,
            "secrets",
            f"In {folder} these are missing: {', '.join(missing)}.",
            "Put them back from a backup. bin/start makes new ones, but those sign everybody out "
            "and cannot open what the old ones sealed.",
        )
    if bare:
        yield Finding(
            Level.BAD,
            "secrets",
            f"In {folder} others may read {', '.join(bare)}.",
            f"chmod 600 {folder}/*",
        )
    if not missing and not bare:
        yield Finding(Level.GOOD, "secrets", "All are there, and only the portal may read them.")


def _certificate(host: Stack) -> Iterator[Finding]:
    path = host.data / "tls" / "server.pem"
    remedy = f"Put certificate and key into {path.parent} as server.pem and server.key, then start."
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        path = host.data / "ca.pem"
        authority = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        yield Finding(Level.BAD, "certificate", f"{path} cannot be read.", remedy)
        return
    ends = certificate.not_valid_after_utc
    words = f"The mail certificate is valid until {ends:%Y-%m-%d}."
    left = ends - datetime.now(UTC)
    if left < timedelta(0):
        yield Finding(Level.BAD, "certificate", f"It ended on {ends:%Y-%m-%d}.", remedy)
    elif left < CERTIFICATE_LEFT:
        yield Finding(Level.CAUTION, "certificate", words, remedy)
    else:
        yield Finding(Level.GOOD, "certificate", words)
    if certificate.issuer == authority.subject and not host.demo:
        yield Finding(
            Level.CAUTION,
            "certificate",
            "It is issued by this installation's own authority: mail programs warn about it.",
            remedy,
        )


def _programs(host: Stack) -> Iterator[Finding]:
    rows = control.Control(host).processes()
    down = [row for row in rows if row["statename"] != "RUNNING"]
    for row in down:
        yield Finding(
            Level.BAD,
            "programs",
            f"{row['name']} is {row['statename'].lower()}. {row['spawnerr']}".strip(),
            f"Read {host.data}/log/{row['name']}.log.",
        )
    if not down:
        yield Finding(Level.GOOD, "programs", f"All {len(rows)} run.")


def _daemons(host: Stack) -> Iterator[Finding]:
    parts = look(("database", "redis", "imap", "smtp", "lmtp"), timeout_seconds=3).parts
    logs = {"database": "postgres", "smtp": "mail", "imap": "dovecot", "lmtp": "dovecot"}
    for part, word in parts.items():
        if word == "ok":
            yield Finding(Level.GOOD, part, "Answers.")
        else:
            log = host.data / "log" / f"{logs.get(part, part)}.log"
            yield Finding(Level.BAD, part, f"Does not answer: {word}.", f"Read {log}.")


_ASKED = ("web", "push", "rspamd", "receiver", "policy")


def _sockets(host: Stack) -> Iterator[Finding]:
    for part, question in probes.probes(host).items():
        if part in _ASKED and not question():
            yield Finding(Level.BAD, part, "Does not answer.", f"Read {host.data}/log/{part}.log.")


def _tables() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        yield Finding(
            Level.BAD,
            "tables",
            f"{len(waiting)} changes of the tables are waiting.",
            "bin/start makes them: stop and start.",
        )
    else:
        yield Finding(Level.GOOD, "tables", "Are as this version wants them.")


def _operator() -> Iterator[Finding]:
    if Membership.objects.filter(role=Role.OPERATOR, user__is_active=True).exists():
        yield Finding(Level.GOOD, "operator", "There is one.")
    else:
        yield Finding(
            Level.CAUTION,
            "operator",
            "Nobody can run this installation yet.",
            "manage.py create_operator you@example.com",
        )


def _outbox() -> Iterator[Finding]:
    late = Submission.objects.filter(
        state=SubmissionState.QUEUED, due_at__lt=timezone.now() - LATE
    ).count()
    if late:
        yield Finding(
            Level.BAD,
            "outbox",
            f"{late} letters have waited for more than five minutes.",
            "The worker or beat does not work: read their logs, restart with bin/stop, bin/start.",
        )
    else:
        yield Finding(Level.GOOD, "outbox", "Nothing waits too long.")


def _dns_checks() -> Iterator[Finding]:
    late = Domain.objects.filter(next_check_at__lt=timezone.now() - 4 * LATE).count()
    if late:
        yield Finding(
            Level.CAUTION,
            "DNS checks",
            f"{late} domains should have been looked at by now.",
            "The worker is behind or beat is down: read their logs.",
        )
    else:
        yield Finding(Level.GOOD, "DNS checks", "Are on time.")


def _counters() -> Iterator[Finding]:
    rooms, domains = len(wrong_rooms()), len(wrong_storage())
    remedy = "manage.py recount_rooms says which and counts them anew."
    if rooms:
        yield Finding(
            Level.BAD,
            "counters",
            f"{rooms} counters of what plans limit are wrong: limits are held too early or too late.",
            remedy,
        )
    if domains:
        yield Finding(
            Level.BAD, "counters", f"The storage of {domains} domains is counted wrong.", remedy
        )
    if not rooms and not domains:
        yield Finding(Level.GOOD, "counters", "Storage and what plans limit are counted right.")
