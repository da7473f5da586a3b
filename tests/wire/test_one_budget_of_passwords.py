"""Guessing passwords has one budget at all doors, and does not lock out the owner."""

from __future__ import annotations

import base64
import imaplib
import itertools
import random
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.attempts import PER_NETWORK, Attempt, take
from accounts.models import LoginName
from portal.mailtoken import mint
from tests.world import PASSWORD, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.wire
NUMBERS = itertools.count(1)


@pytest.fixture
def trusting(stack: Stack) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(stack.data / "ca.pem"))


def somewhere() -> str:
    """Return an address of the loopback that nobody else uses: a network of its own."""
    return f"127.{random.randint(77, 250)}.{random.randint(0, 255)}.{next(NUMBERS) % 254 + 1}"


class Doors:
    """Every protocol that takes a password, from one address of the caller's choice."""

    def __init__(self, stack: Stack, context: ssl.SSLContext) -> None:
        self.stack, self._context = stack, context

    def imap(self, login: str, password: str, here: str) -> bool:
        with self._connect("imaps", here) as sock, sock.makefile("rwb") as talk:
            talk.readline()
            talk.write(f'a LOGIN "{login}" "{password}"\r\n'.encode())
            talk.flush()
            while not (line := talk.readline()).startswith(b"a "):
                assert line, "the server ends the connection only after its answer"
        return line.startswith(b"a OK")

    def smtp(self, login: str, password: str, here: str) -> bool:
        with smtplib.SMTP_SSL(
            "localhost",
            self.stack.mail_port("submissions"),
            context=self._context,
            timeout=30,
            source_address=(here, 0),
        ) as client:
            client.ehlo()
            word = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
            return client.docmd("AUTH PLAIN", word)[0] == 235

    def pop3(self, login: str, password: str, here: str) -> bool:
        with self._connect("pop3s", here) as sock, sock.makefile("rwb") as talk:
            talk.readline()
            talk.write(f"USER {login}\r\nPASS {password}\r\n".encode())
            talk.flush()
            talk.readline()
            return talk.readline().startswith(b"+OK")

    def web(self, login: str, password: str, here: str) -> bool:
        client = Client(headers={"X-Forwarded-For": here})
        client.post("/accounts/login/", {"login": login, "password": password})
        return "_auth_user_id" in client.session

    def _connect(self, name: str, here: str) -> ssl.SSLSocket:
        plain = socket.create_connection(
            ("127.0.0.1", self.stack.mail_port(name)), timeout=30, source_address=(here, 0)
        )
        return self._context.wrap_socket(plain, server_hostname="localhost")


@pytest.fixture
def doors(stack: Stack, trusting: ssl.SSLContext) -> Doors:
    return Doors(stack, trusting)


def guess(door: Callable[[str, str, str], bool], person: Person, here: str, times: int) -> None:
    """Try different wrong passwords at one door, at the same time: a failure is answered late."""
    marks = [f"wrong {next(NUMBERS)}" for _ in range(times)]
    with ThreadPoolExecutor(times) as pool:
        assert not any(pool.map(lambda mark: door(person.address, mark, here), marks))


def test_wrong_passwords_at_imap_close_all_doors(live: World, doors: Doors) -> None:
    person, here = live.person(), somewhere()
    guess(doors.imap, person, here, 10)
    assert not doors.imap(person.address, PASSWORD, here)
    assert not doors.smtp(person.address, PASSWORD, here)
    assert not doors.pop3(person.address, PASSWORD, here)
    assert not doors.web(person.address, PASSWORD, here)
    assert not doors.imap(person.address, PASSWORD, somewhere()), "strangers share one budget"


def test_wrong_passwords_on_the_web_close_imap(live: World, doors: Doors) -> None:
    person, here = live.person(), somewhere()
    assert not any(doors.web(person.address, f"wrong {n}", here) for n in range(10))
    assert not doors.imap(person.address, PASSWORD, here)


def test_the_names_of_a_person_share_his_budget(live: World, doors: Doors) -> None:
    person, here = live.person(), somewhere()
    names = [f"{unique('ten')}@{live.domain.name}" for _ in range(2)]
    for name in names:
        LoginName.objects.create(address=name, user=person.user)
    assert not any(doors.web(names[n % 2], f"wrong {n}", here) for n in range(10))
    assert not doors.web(person.address, PASSWORD, here)
    assert not doors.imap(person.address, PASSWORD, here)


def test_the_owner_gets_in_from_where_he_was_before(live: World, doors: Doors) -> None:
    person, home, elsewhere = live.person(), somewhere(), somewhere()
    assert doors.imap(person.address, PASSWORD, home)
    guess(doors.smtp, person, elsewhere, 10)
    assert not doors.imap(person.address, PASSWORD, elsewhere)
    assert doors.imap(person.address, PASSWORD, home)
    assert doors.web(person.address, PASSWORD, home)


def test_a_phone_with_last_years_password_locks_nobody_out(live: World, doors: Doors) -> None:
    person, home = live.person(), somewhere()
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: doors.imap(person.address, "last year's", home), range(12)))
    assert doors.imap(person.address, PASSWORD, home)


def test_the_webmails_own_token_is_not_counted(live: World, doors: Doors) -> None:
    person, here = live.person(), somewhere()
    guess(doors.imap, person, here, 10)
    client = imaplib.IMAP4("127.0.0.1", doors.stack.mail_port("imap"))
    token = f"n,a={person.address},\x01auth=Bearer {mint(person.address)}\x01\x01"
    client.authenticate("OAUTHBEARER", lambda _: token.encode())
    client.logout()


def test_many_accounts_from_one_network_are_too_many(live: World, doors: Doors) -> None:
    here = somewhere()
    for number in range(PER_NETWORK):
        assert take(Attempt(f"nobody{number}@{live.domain.name}", here, "one"))
    person = live.person()
    assert not doors.web(person.address, PASSWORD, here)
    assert doors.web(person.address, PASSWORD, somewhere())
