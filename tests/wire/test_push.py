"""From Dovecot to the browser: receiver, Redis, stream."""

from __future__ import annotations

import http.client
import imaplib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from time import monotonic
from typing import Any

import pytest
from django.conf import settings

from accounts.models import AccessChange, User
from delivery.events import FolderChanged, publish_folder_changed
from domains.models import Mailbox, MailboxStatus
from portal.config import Stack
from tests.conftest import deliver, letter
from tests.world import Person, World

pytestmark = pytest.mark.wire


def cookie(user: User) -> str:
    """Sign somebody in as the form would; returns the cookie header."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = settings.AUTHENTICATION_BACKENDS[0]
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


class Listening:
    """An open stream as a browser holds it."""

    def __init__(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        self.connection = connection
        self.response = response

    def next(self, wanted: str, *, seconds: float = 10) -> dict[str, Any]:
        """Return the data of the next event named `wanted`; fail after `seconds` of silence."""
        assert self.connection.sock is not None
        self.connection.sock.settimeout(seconds)
        name = ""
        while True:
            line = self.response.readline()
            if not line:
                pytest.fail(f"the stream ended before {wanted}")
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: ") and name == wanted:
                data: dict[str, Any] = json.loads(text.removeprefix("data: "))
                return data

    def first(self) -> str:
        """Return the name of the next event."""
        while not (line := self.response.readline()).startswith(b"event: "):
            assert line
        return line.decode().removeprefix("event: ").strip()

    def change(self, folder: str, kind: str) -> dict[str, Any]:
        """Return the next change of that folder and kind."""
        while True:
            data = self.next("folder")
            if data["folder"] == identifier(folder) and data["kind"] == kind:
                return data


def identifier(path: str) -> str:
    return urlsafe_b64encode(path.encode()).rstrip(b"=").decode()


def ask(
    stack: Stack, mailbox_id: int, headers: dict[str, str], query: str = ""
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
    connection.request("GET", f"/push/{mailbox_id}/{query}", headers=headers)
    return connection, connection.getresponse()


def status(stack: Stack, mailbox_id: int, headers: dict[str, str]) -> int:
    connection, response = ask(stack, mailbox_id, headers)
    connection.close()
    return response.status


@contextmanager
def listening(stack: Stack, person: Person, query: str = "") -> Iterator[Listening]:
    connection, response = ask(stack, person.box.pk, {"Cookie": cookie(person.user)}, query)
    try:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        stream = Listening(connection, response)
        stream.next("live")
        yield stream
    finally:
        connection.close()


def test_a_delivery_is_on_the_stream_within_a_second(stack: Stack, live: World) -> None:
    person = live.person()
    with listening(stack, person) as stream:
        deliver(stack, person.address, letter(person.address))
        started = monotonic()
        data = stream.change("INBOX", "new")
        assert monotonic() - started < 1
        assert data["uid_low"] == data["uid_high"] == 1


def test_what_changed_while_the_page_was_on_its_way_is_told(stack: Stack, live: World) -> None:
    person, other = live.person(), live.person()
    with listening(stack, person) as stream:
        deliver(stack, person.address, letter(person.address))
        stream.change("INBOX", "new")
    with listening(stack, person, "?age=60000") as late:
        late.next("resync")
    for who, query in ((other, "?age=60000"), (person, "?age=0"), (person, "?age=x"), (person, "")):
        with listening(stack, who, query) as stream:
            deliver(stack, who.address, letter(who.address))
            assert stream.first() == "folder"


def test_flags_moves_and_folders_of_another_program_are_told(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person = live.person()
    deliver(stack, person.address, letter(person.address))
    client = imap(person)
    with listening(stack, person) as stream:
        client.select("INBOX")
        client.store("1", "+FLAGS", r"(\Flagged)")
        stream.change("INBOX", "flags")
        client.create("Work")
        stream.change("Work", "create")
        client.copy("1", "Work")
        stream.change("Work", "append")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()
        stream.change("INBOX", "expunge")
        client.rename("Work", "Play")
        stream.change("Play", "rename")


def test_a_folder_outside_ascii_has_the_name_people_read(
    stack: Stack, live: World, imap: Callable[[Person], imaplib.IMAP4_SSL]
) -> None:
    person = live.person()
    client = imap(person)
    with listening(stack, person) as stream:
        client.create('"D&HvE- &AOE-n/H&AOA- N&Htk-i &- b&HqE-n"')  # RFC 3501 section 5.1.3
        stream.change("Dự án/Hà Nội & bạn", "create")


def test_without_a_session_nothing_is_told(stack: Stack, live: World) -> None:
    person = live.person()
    assert status(stack, person.box.pk, {}) == 401
    wrong = f"{settings.SESSION_COOKIE_NAME}={'x' * 32}"
    assert status(stack, person.box.pk, {"Cookie": wrong}) == 401


def test_a_foreign_mailbox_and_one_that_never_was_look_the_same(stack: Stack, live: World) -> None:
    person, other = live.person(), live.person()
    headers = {"Cookie": cookie(person.user)}
    assert status(stack, other.box.pk, headers) == 403
    assert status(stack, 2**50, headers) == 403


def test_other_paths_and_methods_are_refused(stack: Stack, live: World) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
    connection.request("GET", "/push/nobody/")
    assert connection.getresponse().status == 404
    connection.close()
    connection.request("POST", "/push/1/", headers={"Content-Length": "0"})
    assert connection.getresponse().status == 405
    connection.close()


def test_a_suspended_mailbox_is_told_nothing_more(stack: Stack, live: World) -> None:
    person = live.person()
    with listening(stack, person) as stream:
        Mailbox.objects.filter(pk=person.box.pk).update(status=MailboxStatus.SUSPENDED)
        AccessChange.objects.create(address=person.address, mailbox_id=person.box.pk, kick=True)
        started = monotonic()
        stream.next("closed")
        assert monotonic() - started < 3
    assert status(stack, person.box.pk, {"Cookie": cookie(person.user)}) == 403


def test_a_change_of_rights_that_takes_nothing_away_leaves_the_stream_open(
    stack: Stack, live: World
) -> None:
    person = live.person()
    with listening(stack, person) as stream:
        AccessChange.objects.create(address=person.address, mailbox_id=person.box.pk)
        deliver(stack, person.address, letter(person.address))
        stream.change("INBOX", "new")


def test_one_person_cannot_hold_every_connection(stack: Stack, live: World) -> None:
    person = live.person()
    headers = {"Cookie": cookie(person.user)}
    held = []
    try:
        for _ in range(20):
            connection, response = ask(stack, person.box.pk, headers)
            assert response.status == 200
            held.append(connection)
        assert status(stack, person.box.pk, headers) == 429
    finally:
        for connection in held:
            connection.close()


def test_an_event_that_cannot_be_read_disturbs_nobody(stack: Stack, live: World) -> None:
    person = live.person()
    with listening(stack, person) as stream:
        event = FolderChanged(person.address, "INBOX", "new")
        publish_folder_changed(event)
        stream.change("INBOX", "new")


# ---- the receiver itself


def post(stack: Stack, token: str, body: bytes, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", stack.receiver_port, timeout=5)
    try:
        connection.request("POST", f"/ev/{token}", body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def dovecot_event(**fields: object) -> bytes:
    return json.dumps({"event": "portal_change", "fields": fields}).encode()


def test_the_receiver_believes_only_who_knows_the_token(stack: Stack) -> None:
    body = dovecot_event(user="a@b.test", mailbox="INBOX", kind="new")
    assert post(stack, "", body) == 403
    assert post(stack, "0" * 64, body) == 403
    assert post(stack, stack.secret("push_token"), body) == 204


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"1", b'{"event":"portal_change"}', b"\xff"]
)
def test_the_receiver_refuses_what_is_no_event(stack: Stack, body: bytes) -> None:
    assert post(stack, stack.secret("push_token"), body) == 400


def test_the_receiver_passes_over_other_events(stack: Stack) -> None:
    assert post(stack, stack.secret("push_token"), b'{"event":"mail_delivery_finished"}') == 204


def test_the_receiver_reads_no_endless_body(stack: Stack) -> None:
    assert post(stack, stack.secret("push_token"), b"x" * 70_000) == 413
