"""One person's webmail: sign-in, lists, opening, flags, moves and search, beside bare IMAP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.cache import cache
from django.db import connection
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bench.browserless import Client
from bench.figures import Figure, p50, p95, timed
from bench.folders import NEEDLE, Imap, big_html
from demo.world import PASSWORD
from domains.selectors import mailbox_by_address
from mailserver.stack.control import Control
from portal.config import stack
from webmail.identity import folder_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADDRESS = "chi@haivan.test"
SIZES = {"1k": 1_000, "20k": 20_000, "100k": 100_000}
QUICK = {"1k": 1_000, "5k": 5_000}
LIST_MS, CLICK_MS, QUERIES, GROWTH = "<= 8", "<= 50", "<= 12", "<= 1.2"
ROW = "(UID FLAGS RFC822.SIZE INTERNALDATE PREVIEW BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])"


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Yield the figures; `quick` leaves the largest folders out and takes fewer runs."""
    cache.clear()  # budgets of sign-in
    return Bench(runs=20 if quick else 60, sizes=QUICK if quick else SIZES).figures()


@dataclass
class Bench:
    """A signed-in person with full folders."""

    runs: int
    sizes: dict[str, int]

    def figures(self) -> Iterator[Figure]:
        """Fill, then measure one thing after the other."""
        found = mailbox_by_address(ADDRESS)
        if found is None:
            raise RuntimeError("the demo world is missing")
        self.home = f"/mail/{found.pk}/"
        self.imap = Imap(ADDRESS)
        for name, size in self.sizes.items():
            self.imap.fill(f"Bench {name}", size)
        self.client = Client()
        yield from self.sign_in()
        self.client.sign_in(ADDRESS, PASSWORD)
        medians = {}
        for name in self.sizes:
            for figure in self.lists(name):
                medians[figure.name] = figure.value
                yield figure
        largest = list(self.sizes)[-1]
        for kind in ("list50", "list50_page"):
            yield Figure(
                f"{kind}_{largest}_to_1k",
                round(medians[f"{kind}_p50_{largest}"] / medians[f"{kind}_p50_1k"], 2),
                "times",
                GROWTH,
            )
        yield from self.opening("1k")
        yield from self.deeds("1k")
        for name in self.sizes:
            yield from self.search(name)
        yield from self.queries("1k")

    # ---- what is measured

    def sign_in(self) -> Iterator[Figure]:
        """From the form sent to the inbox shown."""

        def enter() -> None:
            client = Client()
            client.sign_in(ADDRESS, PASSWORD)
            client.page("/mail/")

        yield from self._shown("sign_in_to_inbox", enter, runs=min(self.runs, 20))

    def lists(self, name: str) -> Iterator[Figure]:
        """The first page of a folder: alone, as a click fetches it, and the whole page."""
        url, last = self._folder(name), self.sizes[name]
        self.imap.ask(f'SELECT "Bench {name}"')
        floor = partial(self.imap.ask, f"FETCH {last - 49}:{last} {ROW}")
        alone = partial(self._piece, url)
        yield from self._shown("list50", alone, name, goal=LIST_MS, floor=floor)
        yield from self._shown("list50_page", partial(self.client.page, url), name, floor=floor)

    def opening(self, name: str) -> Iterator[Figure]:
        """A plain message, and 50 KB of HTML with its frame, as a click fetches them."""
        uids = self.imap.uids(f"Bench {name}")
        url, turn = self._messages(name), cycle(uids[-200:])
        floor_turn = cycle(uids[-200:])
        yield from self._shown(
            "open_plain",
            lambda: self._piece(f"{url}{next(turn)}/"),
            goal=CLICK_MS,
            floor=lambda: self.imap.ask(f"UID FETCH {next(floor_turn)} (FLAGS BODY.PEEK[])"),
        )
        letter = big_html(50)
        self.imap.ask(b'APPEND "INBOX" {%d+}\r\n%s' % (len(letter), letter))
        uid = self.imap.uids("INBOX")[-1]
        where = f"{self._messages('', path='INBOX')}{uid}/"
        floor = partial(self.imap.ask, f"UID FETCH {uid} (FLAGS BODY.PEEK[])")
        yield from self._shown(
            "open_html50k", partial(self._piece, where), goal=CLICK_MS, floor=floor
        )
        yield from self._shown(
            "frame_html50k", partial(self.client.page, f"{where}body/"), goal=CLICK_MS, floor=floor
        )

    def deeds(self, name: str) -> Iterator[Figure]:
        """A star, and a message moved away (and as many back by plain IMAP)."""
        folder = f"Bench {name}"
        uids = self.imap.uids(folder)
        validity = self._validity(folder)
        page = self.client.page(self._folder(name))
        token = self.client.token(page)

        def act(action: str, uid: int, **more: str) -> None:
            fields = {"action": action, "uid": str(uid), "uid_validity": validity}
            status, body = self.client.ask(
                "POST",
                f"{self._folder(name)}act/",
                {**fields, **more, "csrfmiddlewaretoken": token},
                Accept="application/json",
            )
            if status != 200:
                raise RuntimeError(f"{action}: {status} {body[:200]!r}")

        turns, floor_turns = count(), count()
        yield from self._shown(
            "flag",
            lambda: act(("star", "unstar")[next(turns) % 2], uids[0]),
            goal=CLICK_MS,
            floor=lambda: self.imap.ask(
                f"UID STORE {uids[1]} {'+-'[next(floor_turns) % 2]}FLAGS (\\Flagged)"
            ),
        )
        leaving, floor_leaving = iter(uids), iter(uids[::-1])
        yield from self._shown(
            "move",
            lambda: act("move", next(leaving), target=folder_id("Trash")),
            goal=CLICK_MS,
            floor=lambda: self.imap.ask(f'UID MOVE {next(floor_leaving)} "Trash"'),
        )
        self.imap.ask('SELECT "Trash"')
        self.imap.ask(f'MOVE 1:* "{folder}"')

    def search(self, name: str) -> Iterator[Figure]:
        """Three words of the text, in one folder."""
        self.imap.ask(f'SELECT "Bench {name}"')
        words = NEEDLE.encode()
        floor = partial(
            self.imap.ask,
            b"UID SEARCH RETURN (ALL) CHARSET UTF-8 TEXT {%d+}\r\n%s" % (len(words), words),
        )
        floor()  # the first question makes Dovecot index what is new
        asked = urlencode({"q": f'"{NEEDLE}" in:bench-{name}'})
        path = f"{self.home}search/?{asked}"
        yield from self._shown("search_body", partial(self._piece, path), name, floor=floor)

    def queries(self, name: str) -> Iterator[Figure]:
        """How many questions a page asks the database, the second time it is opened."""
        client = InProcess(headers={"host": "localhost"})
        client.force_login(User.objects.get(email=ADDRESS))
        uid = self.imap.uids(f"Bench {name}")[-1]
        pages = {
            "list": self._folder(name),
            "message": f"{self._messages(name)}{uid}/",
            "search": f"{self.home}search/?q=don",
        }
        for label, path in pages.items():
            client.get(path)
            with CaptureQueriesContext(connection) as seen:
                status = client.get(path).status_code
            if status != 200:
                raise RuntimeError(f"{path}: {status}")
            yield Figure(f"queries_{label}", len(seen), "queries", QUERIES)

    # ---- how

    def _shown(
        self,
        what: str,
        action: Callable[[], object],
        name: str = "",
        *,
        goal: str = "",
        floor: Callable[[], object] | None = None,
        runs: int = 0,
    ) -> Iterator[Figure]:
        """Yield p50, p95 and the web workers' CPU of an action; runs of the floor lie between."""
        end = f"_{name}" if name else ""
        timed(action, runs=1)
        taken, bare = [], []
        spent = 0.0
        for _ in range(runs or self.runs):
            before = _web_cpu()
            taken += timed(action, runs=1, warm=0)
            spent += _web_cpu() - before
            if floor is not None:
                bare += timed(floor, runs=1, warm=0)
        beside = {"what": "imap floor", "value": p50(bare)} if bare else None
        yield Figure(f"{what}_p50{end}", p50(taken), "ms", goal, beside)
        yield Figure(f"{what}_p95{end}", p95(taken), "ms", beside=_tail(bare))
        yield Figure(f"{what}_cpu{end}", round(spent * 1000 / len(taken), 2), "ms")

    def _piece(self, url: str) -> None:
        """Fetch what a click in the page fetches."""
        status, _body = self.client.ask("GET", url, HX_Request="true")
        if status != 200:
            raise RuntimeError(f"{url}: {status}")

    def _folder(self, name: str) -> str:
        return f"{self.home}f/{folder_id(f'Bench {name}')}/"

    def _messages(self, name: str, *, path: str = "") -> str:
        path = path or f"Bench {name}"
        return f"{self.home}f/{folder_id(path)}/{self._validity(path)}/"

    def _validity(self, path: str) -> str:
        found = re.search(rb"UIDVALIDITY (\d+)", self.imap.ask(f'STATUS "{path}" (UIDVALIDITY)'))
        if found is None:
            raise RuntimeError(f"no UIDVALIDITY of {path}")
        return found[1].decode()


def _tail(bare: list[float]) -> dict[str, object] | None:
    return {"what": "imap floor", "value": p95(bare)} if bare else None


def _web_cpu() -> float:
    """Return the seconds of CPU the web workers have used so far, from the scheduler's own count."""
    total = 0
    for pid in _web_pids():
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


@lru_cache(maxsize=1)
def _web_pids() -> list[int]:
    rows = Control(stack()).processes()
    parent = next(row["pid"] for row in rows if row["name"] == "web")
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]
