"""What Postfix and Dovecot ask for each address, through the views and as the roles they use."""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING

from bench.figures import Figure, p50, p95
from bench.owner import connect
from portal.config import stack

if TYPE_CHECKING:
    from collections.abc import Iterator

GOAL = "<= 1"
WARM = 50
_DOVECOT = {
    "passdb": "SELECT val FROM dovecot_passdb WHERE service = 'imap' AND email = '%s'",
    "tokendb": "SELECT val FROM dovecot_tokendb WHERE service = 'imap' AND email = '%s'",
    "userdb": "SELECT val FROM dovecot_userdb WHERE service = 'lmtp' AND email = '%s'",
    "quota": "SELECT val FROM dovecot_userdb WHERE service = 'quota-status' AND email = '%s'",
}


def measure(emails: list[str], *, runs: int) -> list[Figure]:
    """Ask each question for `runs` of the addresses in random order; one figure each."""
    figures = []
    for role, name, question in _questions():
        with connect(role) as connection, connection.cursor() as cursor:
            for email in random.sample(emails, min(WARM, len(emails))):  # daemons keep connections
                cursor.execute(_filled(question, email))
            taken = []
            for email in random.sample(emails, min(runs, len(emails))):
                asked = _filled(question, email)
                begun = time.perf_counter()
                cursor.execute(asked)
                cursor.fetchall()
                taken.append((time.perf_counter() - begun) * 1000)
        beside = {"what": "p50", "value": p50(taken)}
        figures.append(Figure(f"lookup_{name}_p95", p95(taken), "ms", GOAL, beside))
    return figures


def _questions() -> Iterator[tuple[str, str, bytes]]:
    """Yield role, name and query: Postfix's as they stand in its running configuration."""
    for path in sorted((stack().data / "conf" / "postfix" / "lookups").glob("*.cf")):
        found = re.search(r"^query = (.+)$", path.read_text(), re.MULTILINE)
        if found:
            yield "postfix_ro", f"postfix_{path.stem}", found.group(1).encode()
    for name, query in _DOVECOT.items():
        yield "dovecot_ro", f"dovecot_{name}", query.encode()


def _filled(query: bytes, email: str) -> bytes:
    """Put the address where Postfix puts it; the words of the generator need no escaping."""
    local, _at, domain = email.partition("@")
    for mark, value in ((b"%s", email), (b"%u", local), (b"%d", domain)):
        query = query.replace(mark, value.encode())
    return query
