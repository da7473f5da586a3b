"""A letter's way: the click, Postfix, Dovecot, and the other person's open page."""

from __future__ import annotations

import http.client
import json
import queue
import smtplib
import threading
import time
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.core.cache import cache

from bench.browserless import Client
from bench.figures import Figure, p50, p95
from delivery.models import Submission
from demo.world import PASSWORD
from domains.selectors import mailbox_by_address
from portal.config import stack
from webmail.identity import folder_id

if TYPE_CHECKING:
    from collections.abc import Iterator

SENDER, READER = "binh@haivan.test", "chi@haivan.test"
VISIBLE_MS, CLICK_MS = "<= 500", "<= 50"
PATIENCE_SECONDS = 60


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Yield the figures; `quick` sends fewer letters."""
    cache.clear()  # budgets of sign-in
    return _figures(runs=10 if quick else 40)


class OtherBrowser:
    """The reader's open inbox: told by the push stream, it fetches the list as the page does."""

    def __init__(self) -> None:
        box = mailbox_by_address(READER)
        if box is None:
            raise RuntimeError("the demo world is missing")
        self._inbox = folder_id("INBOX")
        self._list = f"/mail/{box.pk}/f/{self._inbox}/"
        self._client = Client()
        self._client.sign_in(READER, PASSWORD)
        self._client.page(self._list)
        self._events: queue.Queue[float] = queue.Queue()
        self._stream = http.client.HTTPConnection("127.0.0.1", stack().port, timeout=300)
        self._stream.request("GET", f"/push/{box.pk}/", headers=self._client.cookie_header())
        answer = self._stream.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"the push stream answered {answer.status}")
        threading.Thread(target=self._listen, args=(answer,), daemon=True).start()

    def sees(self, *subjects: str) -> Iterator[tuple[str, float, float]]:
        """Yield each subject with the moments it was told of and seen (seconds since the epoch)."""
        waiting = set(subjects)
        until = time.time() + PATIENCE_SECONDS
        while waiting:
            try:
                told = self._events.get(timeout=max(0.1, until - time.time()))
            except queue.Empty:
                raise RuntimeError(f"{len(waiting)} letters were never seen") from None
            status, body = self._client.ask("GET", self._list, HX_Request="true")
            if status != 200:
                raise RuntimeError(f"{self._list}: {status}")
            seen = time.time()
            for subject in [one for one in waiting if one.encode() in body]:
                waiting.remove(subject)
                yield subject, told, seen

    def _listen(self, answer: http.client.HTTPResponse) -> None:
        name = b""
        for line in answer:
            if line.startswith(b"event: "):
                name = line[7:].strip()
            elif line.startswith(b"data: ") and name == b"folder":
                data: dict[str, Any] = json.loads(line[6:])
                if data["folder"] == self._inbox and data["kind"] in ("new", "append"):
                    self._events.put(time.time())


def _figures(*, runs: int) -> Iterator[Figure]:
    reader = OtherBrowser()
    yield from _from_outside(reader, runs)
    yield from _from_click(reader, runs)


def _from_outside(reader: OtherBrowser, runs: int) -> Iterator[Figure]:
    """From the 250 of the final dot to the list that shows the letter."""
    told_after, seen_after = [], []
    place = (stack().box_address(25), 0)
    for number in range(runs + 1):
        subject = f"bench {uuid4().hex}"
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "an@partner.test", READER, subject
        letter["Message-ID"] = f"<{uuid4()}@partner.test>"
        letter.set_content("Một lá thư của phép đo.\n")
        with smtplib.SMTP(
            stack().box_address(1), 25, "mx.partner.test", timeout=60, source_address=place
        ) as client:
            client.send_message(letter)
            accepted = time.time()
        for _subject, told, seen in reader.sees(subject):
            if number:  # the first one opens connections
                told_after.append((told - accepted) * 1000)
                seen_after.append((seen - accepted) * 1000)
    yield from _both("accepted_to_told", told_after)
    yield from _both("accepted_to_visible", seen_after, VISIBLE_MS)


def _from_click(reader: OtherBrowser, runs: int) -> Iterator[Figure]:
    """From the click on Send, less the seconds in which it can be undone."""
    box = mailbox_by_address(SENDER)
    if box is None:
        raise RuntimeError("the demo world is missing")
    client = Client()
    client.sign_in(SENDER, PASSWORD)
    form = f"/mail/{box.pk}/compose/"
    token = client.token(client.page(form))
    subjects = [f"bench {uuid4().hex}" for _run in range(runs)]
    seen_at: dict[str, float] = {}
    watching = threading.Thread(
        target=lambda: seen_at.update(
            {subject: seen for subject, _told, seen in reader.sees(*subjects)}
        )
    )
    watching.start()  # the other page looks as soon as it is told, while more letters are sent
    answered, clicked, letters = [], {}, {}
    for subject in subjects:
        compose_id = uuid4()
        begun = time.time()
        status, body = client.ask(
            "POST",
            form,
            {
                "action": "send",
                "compose_id": str(compose_id),
                "sender": SENDER,
                "to": READER,
                "subject": subject,
                "text": "Một lá thư của phép đo.",
                "csrfmiddlewaretoken": token,
            },
            Accept="application/json",
        )
        if status != 200:
            raise RuntimeError(f"send: {status} {body[:200]!r}")
        answered.append((time.time() - begun) * 1000)
        time.sleep(1)  # each letter goes by itself
        clicked[subject], letters[subject] = begun, compose_id
    watching.join()
    rows = _outbox(list(letters.values()))
    handed, visible, whole = [], [], []
    for subject, compose_id in letters.items():
        due, sent = rows[compose_id]
        handed.append((sent - due) * 1000)
        visible.append((seen_at[subject] - sent) * 1000)
        whole.append((seen_at[subject] - clicked[subject]) * 1000)
    yield from _both("click_answered", answered, CLICK_MS)
    yield from _both("due_to_accepted", handed)
    yield from _both("accepted_to_visible_sent", visible)
    yield from _both("click_to_visible_with_undo", whole)


def _outbox(compose_ids: list[UUID]) -> dict[UUID, tuple[float, float]]:
    """Return when each letter was due and when Postfix took it, in seconds since the epoch."""
    rows = Submission.objects.filter(compose_id__in=compose_ids, sent_at__isnull=False)
    return {
        row.compose_id: (row.due_at.timestamp(), row.sent_at.timestamp())
        for row in rows
        if row.sent_at is not None
    }


def _both(name: str, values: list[float], goal: str = "") -> Iterator[Figure]:
    """Yield p95 with its goal, and the median beside it."""
    yield Figure(f"{name}_p95", p95(values), "ms", goal, {"what": "p50", "value": p50(values)})
