"""What people mistype or attackers try, through the real forms: refused at its field, in words, in both languages."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse

from domains.models import Address, Domain, Mailbox
from domains.services.set_forwarder import create_forwarder
from tests.world import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from accounts.actor import Actor

    Refused = Callable[[str, dict[str, str], str], str]


@pytest.fixture
def refused(client: Client, admin: Actor, world: World) -> Refused:
    """Send a form; return the sentence at the field, after seeing that it is there in both languages.

    What was typed is still in the page, and nothing was made.
    """
    assert admin.user is not None
    person = admin.user

    def said(path: str, data: dict[str, str], field: str, language: str) -> str:
        person.language = language
        person.save(update_fields=["language"])
        client.force_login(person)
        response = client.post(f"/portal/{world.tenant.pk}/{path}", data)
        assert isinstance(response, HttpResponse)
        assert response.status_code == 422
        page = response.content.decode()
        found = re.search(rf'id="id_{field}_error">(.*?)</div>', page, re.DOTALL)
        assert found is not None, "the sentence stands at its field"
        assert re.search(rf'name="{field}"[^>]*aria-describedby="[^"]*id_{field}_error', page)
        return unescape(re.sub(r"<[^>]+>", " ", found[1])).strip()

    def ask(path: str, data: dict[str, str], field: str) -> str:
        before = _counts(world)
        english, vietnamese = (said(path, data, field, one) for one in ("en", "vi"))
        assert vietnamese != english
        assert _counts(world) == before
        return english

    return ask


def _counts(world: World) -> tuple[int, int, int]:
    return (
        Domain.objects.filter(tenant=world.tenant).count(),
        Address.objects.filter(tenant=world.tenant).count(),
        Mailbox.objects.filter(tenant=world.tenant).count(),
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("-a.com", "A hyphen may not stand first"),
        ("a-.com", "A hyphen may not stand first"),
        ("a..b", "Two dots follow each other"),
        (".com", "a dot stands first"),
        (f"{'a' * 64}.com", "at most 63 characters"),
        (f"{'ă' * 60}.com", "fewer with accents"),
        (".".join(["abcdefgh"] * 32), "at most 253 characters"),
        ("😀.vn", "a character that domain names cannot have"),
        ("công ty.vn", "a character that domain names cannot have"),
        ("ｃｏｎｇｔｙ.vn", "full-width"),
        ("pаypal.com", "mixes alphabets"),
        ("mai@congty.vn", "Enter only what follows the @ sign"),
        ("https://congty.vn/", "without https://"),
        ("10.0.0.1", "number of a machine"),
        ("congty", "needs an ending"),
        ("com.vn.", "Enter your own name in full"),
        ("localhost", "only valid inside a network"),
        ("a\x07b.vn", "haracter"),
        ("", "required"),
    ],
)
def test_a_domain_name(name: str, words: str, refused: Refused) -> None:
    assert words in refused("domains/new/", {"name": name}, "name")


def test_a_dot_behind_a_name_makes_no_second_one(world: World, refused: Refused) -> None:
    taken = refused("domains/new/", {"name": f"{world.domain.name.upper()}."}, "name")
    assert "already in your list" in taken


LOCALPARTS = [
    ('"ha"', "cannot be used there"),
    ("ha tran", "cannot be used there"),
    ("ha\ttran", "cannot be used there"),
    ("a" * 65, "at most 64 characters"),
    ("|cmd", "not to programs, files"),
    ("/etc/passwd", "not to programs, files"),
    (".ha", "a dot may not stand first"),
    ("ha..tran", "nor two dots"),
    ("hà.trần", "no accents"),
    ("ha+viec", "Leave out the plus sign"),
    ("mailer-daemon", "belongs to the mail system"),
    ("ha@congty", "@"),
    ("ha%tran", "cannot be used there"),
    ("ha\r\nBcc: x", "cannot be used there"),
]


FORMS = {"mailboxes": {"name": "Hà", "entry": "link"}, "aliases": {}, "forwarders": {}}


@pytest.mark.parametrize(("localpart", "words"), LOCALPARTS, ids=[one for one, _ in LOCALPARTS])
def test_the_part_before_the_at(localpart: str, words: str, world: World, refused: Refused) -> None:
    where = {"domain": str(world.domain.pk), "localpart": localpart}
    where |= {"mailboxes": world.person().address, "targets": "an@partner.test"}
    # Three forms share the field: each case is tried in one of them.
    path = list(FORMS)[[one for one, _ in LOCALPARTS].index(localpart) % len(FORMS)]
    assert words in refused(f"{path}/new/", where | FORMS[path], "localpart"), path


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ("-1", "greater than or equal to 0.01"),
        ("0", "greater than or equal to 0.01"),
        ("20.01", "20 GB"),
        ("1e999", "less than or equal to"),
        ("NaN", "Enter a number"),
        ("viel", "Enter a number"),
        ("0.001", "2 decimal places"),
    ],
)
def test_a_quota(
    quota: str,
    words: str,
    world: World,
    refused: Refused,
    plan: Callable[..., object],
) -> None:
    plan(max_mailbox_bytes=20_000_000_000)
    new = {"domain": str(world.domain.pk), "localpart": "ha", "name": "Hà", "entry": "link"}
    assert words in refused("mailboxes/new/", new | {"quota": quota}, "quota")
    hoa = world.person()
    change = {"name": "Hoa", "version": "0", "quota": quota}
    assert words in refused(f"mailboxes/{hoa.box.pk}/settings/", change, "quota")


def test_a_forwarder_to_itself(world: World, refused: Refused) -> None:
    data = {"domain": str(world.domain.pk), "localpart": "vong"}
    data["targets"] = f"Vong+x@{world.domain.name.upper()}"
    assert "in circles" in refused("forwarders/new/", data, "targets")


def test_a_loop_of_two_forwarders(world: World, admin: Actor, refused: Refused) -> None:
    first = create_forwarder(
        actor=admin, domain=world.domain, localpart="mot", targets=["an@partner.test"]
    )
    second = create_forwarder(
        actor=admin, domain=world.domain, localpart="hai", targets=[first.address.email]
    )
    back = {"targets": second.address.email, "is_enabled": "on"}
    assert "in circles" in refused(f"forwarders/{first.pk}/", back, "targets")
    hoa = world.person()
    own = {"targets": hoa.address, "version": "0"}
    assert "itself" in refused(f"mailboxes/{hoa.box.pk}/forwarding/", own, "targets")


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ("\n".join(f"an{number}@partner.test" for number in range(10_000)), "20"),
        ("|/bin/sh", "not to programs"),
        (":include:/etc/passwd", "not to programs"),
        ("an@", "an@"),
        ("an@partner..test", "Two dots"),
        ("an", "needs an @ sign"),
        ("", "Enter at least one address"),
    ],
    ids=["10000", "program", "include", "half", "dots", "no at", "nothing"],
)
def test_targets_of_a_forwarder(targets: str, words: str, world: World, refused: Refused) -> None:
    data = {"domain": str(world.domain.pk), "localpart": "ra", "targets": targets}
    assert words in refused("forwarders/new/", data, "targets")


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("ngắn", "at least 10 characters"),
        ("password123", "too common"),
        ("P@ssw0rd123", "well-known password"),
        ("Mật khẩu 1234", "well-known password"),
        ("0912345678", "entirely numeric"),
        ("aaaaaaaaaaaa", "different characters"),
        ("cầu rồng\x07phun lửa", "control character"),
        (" cầu rồng phun lửa", "begins or ends with a space"),
        ("cầu rồng " * 40, "longer than 256"),
    ],
    ids=["short", "common", "disguised", "disguised-vi", "digits", "same", "bell", "space", "long"],
)
def test_a_password(password: str, words: str, world: World, refused: Refused) -> None:
    new = {"domain": str(world.domain.pk), "localpart": "ha", "name": "Hà", "entry": "password"}
    assert words in refused("mailboxes/new/", new | {"password": password}, "password")


def test_a_weak_password_does_not_replace_a_good_one(world: World, refused: Refused) -> None:
    hoa = world.person()
    weak = {"password": "Hopthu@2026"}
    assert "well-known" in refused(f"mailboxes/{hoa.box.pk}/password/", weak, "password")
    hoa.user.refresh_from_db()
    assert hoa.user.check_password(PASSWORD)
