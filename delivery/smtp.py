"""The gateway to our own submission server: hands one message over and says what became of it."""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from portal.config import stack
from portal.mailtoken import mint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CONNECT_SECONDS = 10.0
STEP_SECONDS = 20.0  # one command and its reply
DIALOGUE_SECONDS = 60.0  # everything up to the final dot
FINAL_DOT_SECONDS = 60.0  # Rspamd reads the message in this time
LEASE_SECONDS = 150  # more than all of the above together

_QUEUE_ID = re.compile(r"queued as ([0-9A-Za-z]{6,32})")
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})\s+")


class Verdict(StrEnum):
    """What became of the message as a whole."""

    ACCEPTED = "accepted"  # 250 after the final dot
    LATER = "later"  # 4xx, no answer, or cut before the final dot: certainly not accepted
    REFUSED = "refused"  # 5xx
    DOUBT = "doubt"  # cut after the final dot: the server may have it


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply. `enhanced` is RFC 3463's code or empty; `text` is without both codes."""

    code: int
    enhanced: str
    text: str

    @property
    def is_success(self) -> bool:
        """Whether the command was carried out."""
        return 200 <= self.code < 300

    @property
    def is_permanent(self) -> bool:
        """Whether trying again is pointless."""
        return 500 <= self.code < 600


@dataclass(frozen=True, slots=True)
class HandOver:
    """The outcome of one dialogue.

    `recipients` holds the reply to each RCPT that was answered; `reply` is the word that decided,
    None when nobody answered (`detail` then says why, for the log).
    """

    verdict: Verdict
    reply: Reply | None = None
    queue_id: str = ""
    recipients: Mapping[str, Reply] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where our submission server listens, and the name its certificate carries."""

    host: str
    port: int
    name: str
    ca_file: Path


def submission_endpoint() -> Endpoint:
    """Return the submission service of this stack."""
    here = stack()
    return Endpoint(
        here.listen, here.mail_port("submission"), here.mail_hostname, here.data / "ca.pem"
    )


def hand_over(
    *,
    login: str,
    mail_from: str,
    recipients: Sequence[str],
    mime: bytes,
    endpoint: Endpoint | None = None,
) -> HandOver:
    """Send `mime` (CRLF lines) to `recipients`, signed in as the mailbox `login`.

    Never raises for what a server or the network does; takes at most DIALOGUE_SECONDS plus
    FINAL_DOT_SECONDS. Asks for NOTIFY=FAILURE,DELAY (RFC 3461).
    """
    client = _Client(endpoint or submission_endpoint())
    try:
        return _dialogue(client, login, mail_from, recipients, mime)
    finally:
        client.close()


class _Ending(Exception):  # not an error: the reply that ends the dialogue
    def __init__(self, verdict: Verdict, reply: Reply) -> None:
        self.verdict = verdict
        self.reply = reply


class _Client(smtplib.SMTP):
    """smtplib's client on a clock: no step and no dialogue lasts longer than allowed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.allow(DIALOGUE_SECONDS, step=STEP_SECONDS)
        super().__init__(local_hostname=endpoint.name, timeout=CONNECT_SECONDS)

    def _get_socket(self, _host: str, port: int, timeout: float) -> socket.socket:
        # The name is the certificate's; the address is the loopback's.
        return socket.create_connection((self.endpoint.host, port), timeout)

    def open(self) -> Reply:
        """Connect and return the greeting."""
        self._host = self.endpoint.name  # what starttls() checks the certificate against
        return _reply(*self.connect(self.endpoint.name, self.endpoint.port))

    def allow(self, seconds: float, *, step: float | None = None) -> None:
        """Give the dialogue `seconds` from now on, and each step at most `step` of them."""
        self.deadline = monotonic() + seconds
        self.step = step or seconds

    def send(self, s: str | bytes) -> None:  # type: ignore[override]
        """Send within the time left."""
        self._wind()
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply within the time left."""
        self._wind()
        return super().getreply()

    def _wind(self) -> None:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the dialogue took too long")
        if self.sock is not None:
            self.sock.settimeout(min(left, self.step))


def _dialogue(
    client: _Client, login: str, mail_from: str, recipients: Sequence[str], mime: bytes
) -> HandOver:
    answers: dict[str, Reply] = {}
    try:
        _sign_in(client, login)
        start = _reply(*client.mail(mail_from, _mail_options(client, mime)))
        if not start.is_success:
            return HandOver(_verdict(start), start)
        notify = ["NOTIFY=FAILURE,DELAY"] if client.has_extn("dsn") else []
        for address in recipients:
            answers[address] = _reply(*client.rcpt(address, notify))
        if not any(reply.is_success for reply in answers.values()):
            return _nobody(client, answers)
        start = _reply(*client.docmd("DATA"))
        if start.code != 354:
            return HandOver(_verdict(start), start, recipients=answers)
        client.send(_stuffed(mime))
    except _Ending as ending:
        return HandOver(ending.verdict, ending.reply, recipients=answers)
    except (smtplib.SMTPException, OSError, ValueError) as exc:
        return HandOver(Verdict.LATER, recipients=answers, detail=f"{type(exc).__name__}: {exc}")
    return _final_dot(client, answers)


def _final_dot(client: _Client, answers: dict[str, Reply]) -> HandOver:
    """Send the dot. From here on silence means doubt, never failure."""
    client.allow(FINAL_DOT_SECONDS)
    try:
        client.send(b".\r\n")
        reply = _reply(*client.getreply())
    except (smtplib.SMTPException, OSError) as exc:
        return HandOver(Verdict.DOUBT, recipients=answers, detail=f"{type(exc).__name__}: {exc}")
    if reply.code < 200:
        return HandOver(Verdict.DOUBT, reply, recipients=answers, detail="no final reply")
    if reply.is_success:
        found = _QUEUE_ID.search(reply.text)
        with suppress(smtplib.SMTPException, OSError):
            client.allow(1)
            client.docmd("QUIT")
        return HandOver(Verdict.ACCEPTED, reply, found[1] if found else "", answers)
    return HandOver(_verdict(reply), reply, recipients=answers)


def _sign_in(client: _Client, login: str) -> None:
    _expect(client.open())
    _expect(_reply(*client.ehlo()))
    _expect(_reply(*client.starttls(context=_context(client.endpoint.ca_file))))
    _expect(_reply(*client.ehlo()))
    token = mint(login)
    if "OAUTHBEARER" in client.esmtp_features.get("auth", "").upper().split():
        words = f"n,a={login},\x01auth=Bearer {token}\x01\x01"
        mechanism, give_up = "OAUTHBEARER", base64.b64encode(b"\x01").decode()
    else:
        words = f"user={login}\x01auth=Bearer {token}\x01\x01"
        mechanism, give_up = "XOAUTH2", ""
    reply = _reply(
        *client.docmd("AUTH", f"{mechanism} {base64.b64encode(words.encode()).decode()}")
    )
    if reply.code == 334:  # the reason comes first, as JSON; the refusal after our empty answer
        reply = _reply(*client.docmd(give_up))
    _expect(reply)


@lru_cache(maxsize=4)
def _context(ca_file: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file.exists():
        context.load_verify_locations(cafile=str(ca_file))
    return context


def _mail_options(client: _Client, mime: bytes) -> list[str]:
    options = [f"SIZE={len(mime)}"] if client.has_extn("size") else []
    if not mime.isascii() and client.has_extn("8bitmime"):
        options.append("BODY=8BITMIME")
    return options


def _stuffed(mime: bytes) -> bytes:
    """Double leading dots (RFC 5321 section 4.5.2) and end with a line end."""
    end = b"" if mime.endswith(b"\r\n") else b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", mime) + end


def _expect(reply: Reply) -> None:
    """Before MAIL nobody has looked at the message, so no refusal is one of the message."""
    if not reply.is_success:
        raise _Ending(Verdict.LATER, reply)


def _nobody(client: _Client, answers: dict[str, Reply]) -> HandOver:
    """No recipient was taken: later if at least one of them may be taken later."""
    with suppress(smtplib.SMTPException, OSError):
        client.docmd("QUIT")
    waiting = [reply for reply in answers.values() if not reply.is_permanent]
    if waiting:
        return HandOver(Verdict.LATER, waiting[0], recipients=answers)
    return HandOver(Verdict.REFUSED, next(iter(answers.values()), None), recipients=answers)


def _verdict(reply: Reply) -> Verdict:
    return Verdict.REFUSED if reply.is_permanent else Verdict.LATER


def _reply(code: int, raw: bytes) -> Reply:
    """Split codes from words; a reply over several lines carries its enhanced code on each."""
    lines = raw.decode("utf-8", "replace").splitlines()
    found = _ENHANCED.match(lines[0]) if lines else None
    words = " ".join(_ENHANCED.sub("", line) for line in lines)
    return Reply(code, found[1] if found else "", words[:2000])
