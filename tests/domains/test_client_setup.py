"""Mail programs set themselves up: each one's recorded request gets the answer it reads."""

from __future__ import annotations

import json
import plistlib
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from domains.clients import pacc
from domains.clients.servers import Account, mail_servers
from domains.models import Domain, DomainStatus, StsMode
from portal.config import stack as running_stack
from tests.world import unique

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpResponseBase
    from django.test import Client

    from tests.world import World

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
ANSWER = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
IN = f"{{{OUTLOOK}}}"


def pox(address: str, schema: str = OUTLOOK) -> bytes:
    """What Outlook 2016 for Windows posts, in the form Microsoft documents; only the address differs."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        "<Autodiscover xmlns="
        '"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
        f"<Request><EMailAddress>{address}</EMailAddress>"
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    ).encode()


def ask_outlook(client: Client, host: str, body: bytes, path: str = "") -> HttpResponseBase:
    return client.post(
        path or "/autodiscover/autodiscover.xml",
        body,
        content_type="text/xml; charset=utf-8",
        headers={
            "Host": host,
            "User-Agent": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5149; Pro)",
            "X-MapiHttpCapability": "1",
        },
    )


def error_code(response: HttpResponseBase) -> str:
    assert response.status_code == 200
    root = ET.fromstring(response.content)  # type: ignore[attr-defined]
    return str(root.findtext(f"{ANSWER}Response/{ANSWER}Error/{ANSWER}ErrorCode"))


# ---- Thunderbird


@pytest.mark.parametrize(
    "path", ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"]
)
def test_thunderbird_finds_every_server(path: str, client: Client, world: World) -> None:
    name = world.domain.name
    response = client.get(
        path,
        {"emailaddress": f"someone@{name}"},
        headers={"Host": f"autoconfig.{name}", "Accept": "*/*"},
    )
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    provider = ET.fromstring(response.content)[0]
    assert (provider.tag, provider.get("id")) == ("emailProvider", name)
    found = [
        (
            one.get("type"),
            one.findtext("hostname"),
            int(one.findtext("port") or 0),
            one.findtext("socketType"),
            one.findtext("authentication"),
            one.findtext("username"),
        )
        for one in provider
        if one.tag in {"incomingServer", "outgoingServer"}
    ]
    stack = running_stack()
    assert found == [
        (
            kind,
            "mail.hopthu.test",
            stack.mail_port(port),
            cover,
            "password-cleartext",
            "%EMAILADDRESS%",
        )
        for kind, port, cover in [
            ("imap", "imaps", "SSL"),
            ("imap", "imap", "STARTTLS"),
            ("pop3", "pop3s", "SSL"),
            ("smtp", "submissions", "SSL"),
            ("smtp", "submission", "STARTTLS"),
        ]
    ]


def test_a_program_that_came_by_the_mx_record_is_answered_for_the_address_it_names(
    client: Client, world: World
) -> None:
    response = client.get(
        "/mail/config-v1.1.xml",
        {"emailaddress": f"someone@{world.domain.name}"},
        headers={"Host": "autoconfig.hopthu.test"},
    )
    assert response.status_code == 200
    assert f'id="{world.domain.name}"'.encode() in response.content


def test_the_answer_is_the_same_for_a_mailbox_and_for_nobody(client: Client, world: World) -> None:
    person = world.person()
    answers = {
        client.get(
            "/mail/config-v1.1.xml",
            {"emailaddress": address},
            headers={"Host": f"autoconfig.{world.domain.name}"},
        ).content
        for address in (person.address, f"nobody@{world.domain.name}")
    }
    assert len(answers) == 1


# ---- who is answered at all


def _unknown(client: Client, host: str, email: str) -> tuple[int, bytes]:
    response = client.get(
        "/mail/config-v1.1.xml", {"emailaddress": email} if email else {}, headers={"Host": host}
    )
    return response.status_code, response.content


def test_foreign_pending_and_other_peoples_domains_look_the_same(
    client: Client, world: World
) -> None:
    name = world.domain.name
    other = Domain.objects.create(
        tenant=world.tenant,
        name=f"{unique('d')}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="t",
        verified_at=world.domain.verified_at,
    )
    pending = Domain.objects.create(
        tenant=world.tenant, name=f"{unique('d')}.test", ownership_token="t"
    )
    answers = {
        _unknown(client, "autoconfig.nobody.test", "a@nobody.test"),
        _unknown(client, "autoconfig.nobody.test", ""),
        _unknown(client, f"autoconfig.{pending.name}", f"a@{pending.name}"),
        _unknown(client, f"autoconfig.{name}", f"a@{other.name}"),
        _unknown(client, f"autoconfig.{name}", "a@nobody.test"),
        _unknown(client, f"autoconfig.{name}", "no address"),
        _unknown(client, f"autoconfig.{name}", "a@" + "b" * 5000),
        _unknown(client, "autoconfig.hopthu.test", "a@nobody.test"),
    }
    assert answers == {(404, b"Nothing here.\n")}


def test_a_hosted_and_an_unknown_name_cost_the_same_one_query(
    client: Client, world: World, django_assert_num_queries: object
) -> None:
    for name in (world.domain.name, "nobody.test"):
        with django_assert_num_queries(1):  # type: ignore[operator]
            _unknown(client, f"autoconfig.{name}", f"a@{name}")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "autoconfig", "autoconfig.", "a b", "", "localhost.evil.example", "[::1"],
)
def test_a_name_that_is_not_served_is_misdirected(host: str, client: Client) -> None:
    for path in ("/accounts/login/", "/mail/config-v1.1.xml", "/healthz"):
        response = client.get(path, headers={"Host": host})
        assert response.status_code == 421
        assert b"not served" in response.content
        assert host.encode() not in response.content or not host


def test_the_portal_is_not_served_below_a_customers_name(client: Client, world: World) -> None:
    for host in (f"autoconfig.{world.domain.name}", f"mta-sts.{world.domain.name}"):
        for path in ("/", "/accounts/login/", "/portal/", "/mail/", "/healthz"):
            assert client.get(path, headers={"Host": host}).status_code == 404


def test_a_forwarded_host_is_never_believed(client: Client, world: World) -> None:
    response = client.get(
        "/accounts/login/", headers={"Host": "evil.example", "X-Forwarded-Host": "localhost"}
    )
    assert response.status_code == 421
    response = client.get(
        "/.well-known/mta-sts.txt",
        headers={"Host": "localhost", "X-Forwarded-Host": f"mta-sts.{world.domain.name}"},
    )
    assert response.status_code == 404


# ---- Outlook


@pytest.mark.parametrize(
    "path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"]
)
def test_outlook_finds_every_server(path: str, client: Client, world: World) -> None:
    name = world.domain.name
    response = ask_outlook(client, f"autodiscover.{name}", pox(f"Mai@{name.upper()}"), path)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/xml")
    root = ET.fromstring(response.content)  # type: ignore[attr-defined]
    assert root.tag == f"{ANSWER}Autodiscover"
    account = root.find(f"{IN}Response/{IN}Account")
    assert account is not None
    assert account.findtext(f"{IN}AccountType") == "email"
    assert account.findtext(f"{IN}Action") == "settings"
    found = [
        tuple(
            one.findtext(f"{IN}{tag}") for tag in ("Type", "Port", "SSL", "Encryption", "LoginName")
        )
        for one in account.iter(f"{IN}Protocol")
    ]
    stack, login = running_stack(), f"mai@{name}"
    assert found == [
        (kind, str(stack.mail_port(port)), "on", cover, login)
        for kind, port, cover in [
            ("IMAP", "imaps", "SSL"),
            ("IMAP", "imap", "TLS"),
            ("POP3", "pop3s", "SSL"),
            ("SMTP", "submissions", "SSL"),
            ("SMTP", "submission", "TLS"),
        ]
    ]


def test_an_answer_in_another_schema_is_refused_with_a_200(client: Client, world: World) -> None:
    mobile = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
    name = world.domain.name
    assert (
        error_code(ask_outlook(client, f"autodiscover.{name}", pox(f"a@{name}", mobile))) == "601"
    )


@pytest.mark.parametrize("address", ["", "nobody", "a@nobody.test", "a@b@c"])
def test_an_address_of_nobody_is_refused_with_a_200(
    address: str, client: Client, world: World
) -> None:
    host = f"autodiscover.{world.domain.name}"
    assert error_code(ask_outlook(client, host, pox(address))) == "600"


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><EMailAddress>&x;</EMailAddress></a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:1/x">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]><a/>',
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/passwd"/>',
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"EMailAddress=a@b.test",
        b"\x00\xff",
        b"",
    ],
)
def test_hostile_xml_is_refused_and_never_expanded(
    body: bytes, client: Client, world: World
) -> None:
    response = ask_outlook(client, f"autodiscover.{world.domain.name}", body)
    assert response.status_code == 400
    assert b"root:" not in response.content  # type: ignore[attr-defined]


def test_a_long_request_is_not_read(client: Client, world: World) -> None:
    body = pox("a@b.test") + b" " * 20_000
    response = ask_outlook(client, f"autodiscover.{world.domain.name}", body)
    assert response.status_code == 413


def test_new_outlook_learns_where_to_ask(client: Client, world: World) -> None:
    name = world.domain.name
    for path in (
        f"/autodiscover/autodiscover.json?Email=a%40{name}&Protocol=AutodiscoverV1",
        f"/autodiscover/autodiscover.json/v1.0/a%40{name}?Protocol=Autodiscoverv1&RedirectCount=1",
    ):
        response = client.get(path, headers={"Host": f"autodiscover.{name}"})
        assert response.status_code == 200
        found = json.loads(response.content)
        assert found == {
            "Protocol": "AutodiscoverV1",
            "Url": f"{running_stack().url}/autodiscover/autodiscover.xml",
        }
    other = client.get(
        f"/autodiscover/autodiscover.json?Email=a%40{name}&Protocol=ActiveSync",
        headers={"Host": f"autodiscover.{name}"},
    )
    assert (other.status_code, json.loads(other.content)["ErrorCode"]) == (400, "InvalidProtocol")


def test_a_look_without_a_body_says_how_to_ask(client: Client, world: World) -> None:
    response = client.get(
        "/autodiscover/autodiscover.xml", headers={"Host": f"autodiscover.{world.domain.name}"}
    )
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_outlook_is_sent_on_to_where_there_is_tls(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(running_stack().__dict__, "url", "https://mail.hopthu.test")
    response = client.get(
        "/autodiscover/autodiscover.xml", headers={"Host": f"autodiscover.{world.domain.name}"}
    )
    assert response["Location"] == "https://mail.hopthu.test/autodiscover/autodiscover.xml"


# ---- PACC


def test_a_pacc_document_names_hosts_on_their_own_ports_only(client: Client, world: World) -> None:
    response = client.get(
        "/.well-known/user-agent-configuration.json",
        headers={"Host": f"ua-auto-config.{world.domain.name}"},
    )
    assert response.status_code == 200
    assert json.loads(response.content)["authentication"] == {"password": True}
    ports = {"imaps": 993, "pop3s": 995, "submissions": 465, "imap": 143, "submission": 587}
    usual = Account("a.test", "Mail", "https://m.test", mail_servers("m.test", ports.__getitem__))
    document = json.loads(pacc.document(usual))
    assert document["protocols"] == {p: {"host": "m.test"} for p in ("imap", "pop3", "smtp")}
    assert pacc.digest_record(b"").startswith("v=UAAC1; a=sha256; d=47DEQpj8")


# ---- MTA-STS


def test_each_domain_has_its_own_policy(client: Client, world: World) -> None:
    host = f"mta-sts.{world.domain.name}"
    expected = {
        StsMode.TESTING: ("testing", "86400"),
        StsMode.ENFORCE: ("enforce", "1209600"),
        StsMode.NONE: ("none", "86400"),
    }
    for mode, (word, age) in expected.items():
        Domain.objects.filter(pk=world.domain.pk).update(mta_sts_mode=mode)
        response = client.get("/.well-known/mta-sts.txt", headers={"Host": host})
        assert response["Content-Type"].startswith("text/plain")
        assert response.content.decode().split("\r\n") == [
            "version: STSv1",
            f"mode: {word}",
            "mx: mail.hopthu.test",
            f"max_age: {age}",
            "",
        ]


@pytest.mark.parametrize("host", ["mta-sts.nobody.test", "localhost", "autoconfig.{name}"])
def test_no_policy_is_served_for_others(host: str, client: Client, world: World) -> None:
    response = client.get(
        "/.well-known/mta-sts.txt", headers={"Host": host.format(name=world.domain.name)}
    )
    assert response.status_code == 404


# ---- Apple


def opened(content: bytes, tmp_path: Path) -> dict[str, object]:
    """Verify a profile against the stack's authority as a device does, and read it."""
    (tmp_path / "profile").write_bytes(content)
    done = subprocess.run(
        ["openssl", "smime", "-verify", "-inform", "der", "-in", tmp_path / "profile",
         "-CAfile", running_stack().data / "ca.pem"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = plistlib.loads(done.stdout)
    return found


def test_the_profile_is_signed_and_fresh_at_each_download(
    client: Client, world: World, tmp_path: Path
) -> None:
    person = world.person(name="Trần Thu Hà")
    client.force_login(person.user)
    path = f"/setup/{person.box.pk}/profile/"
    profiles = []
    for _time in range(2):
        response = client.get(path)
        assert response["Content-Type"] == "application/x-apple-aspen-config"
        profiles.append(opened(response.content, tmp_path))
    one, two = profiles
    assert one["PayloadIdentifier"] == two["PayloadIdentifier"]
    mail, other = one["PayloadContent"][0], two["PayloadContent"][0]  # type: ignore[index]
    identifiers = {
        one["PayloadUUID"],
        two["PayloadUUID"],
        mail["PayloadUUID"],
        other["PayloadUUID"],
    }
    assert len(identifiers) == 4
    assert mail["PayloadType"] == "com.apple.mail.managed"
    assert mail["EmailAddress"] == mail["IncomingMailServerUsername"] == person.address
    assert mail["EmailAccountName"] == "Trần Thu Hà"
    assert mail["IncomingMailServerPortNumber"] == running_stack().mail_port("imaps")
    assert mail["OutgoingMailServerPortNumber"] == running_stack().mail_port("submissions")
    assert not [key for key in mail if key.endswith("Password") and mail[key] is not True]


def test_the_page_leads_a_phone_that_is_not_signed_in(
    client: Client, world: World, tmp_path: Path
) -> None:
    person, stranger = world.person(), world.person()
    client.force_login(person.user)
    page = client.get(f"/setup/{person.box.pk}/").content.decode()
    assert 'src="data:image/svg+xml' in page
    link = page.partition('data-copy="http')[2].partition('"')[0]
    path = "/setup/open/" + link.partition("/setup/open/")[2]
    client.logout()
    shown = client.get(path)
    assert person.address in shown.content.decode()
    assert "mail.hopthu.test" in shown.content.decode()
    assert shown["Referrer-Policy"] == "no-referrer"
    profile = opened(client.get(f"{path}profile/").content, tmp_path)
    assert profile["PayloadContent"][0]["EmailAddress"] == person.address  # type: ignore[index]
    assert client.get(f"/setup/{stranger.box.pk}/").status_code == 302
    client.force_login(person.user)
    assert client.get(f"/setup/{stranger.box.pk}/").status_code == 404
    assert client.get(f"/setup/{stranger.box.pk}/profile/").status_code == 404
