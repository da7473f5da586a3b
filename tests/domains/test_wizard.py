"""The DNS wizard: what is needed apart from what is good, differences marked, the way of a DMARC policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.messages import get_messages
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent
from domains.dns.difference import difference
from domains.dns.dmarc import WATCH, dmarc_path
from domains.dns.providers import provider_of
from domains.models import DkimKey, DnsCheck, Domain, StsMode, Verdict
from domains.selectors import dns_report, expected_records
from domains.services.ready_keys import publish_keys
from domains.services.register_domain import register_domain
from domains.services.request_dns_check import request_dns_check
from domains.services.set_mta_sts import set_mta_sts
from domains.services.verify_dns import verify_dns
from portal.config import stack as running_stack
from tests.domains.name_server import NameServer
from tests.world import World, unique

if TYPE_CHECKING:
    from django.http import HttpResponseBase
    from django.test import Client

    from accounts.actor import Actor

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BOX = "192.0.2.25"


@pytest.fixture
def domain(
    world: World, admin: Actor, name_server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> Domain:
    """A proved domain with every required record, and an operator who sends from BOX."""
    stack = running_stack()
    monkeypatch.setattr(stack, "sending_addresses", [BOX])
    monkeypatch.setattr(stack, "dns_update_server", stack.box_address(53))
    made = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('wiz')}.test")
    name_server.zone(made.name)
    name_server.put("_spf.hopthu.test", "TXT", f"v=spf1 ip4:{BOX} -all")
    for record in expected_records(made):
        if record.need == "required":
            name_server.put(record.name, record.rdtype, record.value)
    look(admin, made)
    return made


def look(actor: Actor, domain: Domain) -> dict[str, tuple[str, str]]:
    check = verify_dns(check_id=request_dns_check(actor=actor, domain=domain).pk)
    assert check is not None
    domain.refresh_from_db()
    return {row.record: (row.verdict, row.detail) for row in check.records.all()}


def page(client: Client, admin: Actor, domain: Domain, part: str = "") -> str:
    assert admin.user is not None
    client.force_login(admin.user)
    response: HttpResponseBase = client.get(
        f"/portal/{domain.tenant_id}/domains/{domain.pk}/dns/{part}"
    )
    assert response.status_code == 200
    assert isinstance(response, HttpResponse)
    return response.content.decode()


# ---- required and recommended


def test_missing_recommendations_never_make_a_domain_broken(
    domain: Domain, admin: Actor, client: Client
) -> None:
    assert (domain.dns_problems, domain.dns_unknown, domain.dns_worst) == (0, 0, "")
    report = dns_report(domain)
    assert report.to_do == report.doubtful == []
    assert {record.code for record in report.recommended} == {
        "dkim-s2",
        "mta-sts-host",
        "mta-sts",
        "tls-rpt",
        "autoconfig",
        "autodiscover",
    }
    assert all(step.state == "done" for step in report.steps)
    text = page(client, admin, domain)
    assert "Receives and sends as it should" in text
    assert "The domain works without these." in text
    assert "To do where" not in text


# ---- SPF


def test_the_whole_tree_of_an_spf_record_is_weighed(
    domain: Domain, admin: Actor, name_server: NameServer, client: Client
) -> None:
    seen = look(admin, domain)
    assert seen["spf"] == (Verdict.MATCH, "")
    text = page(client, admin, domain)
    assert "1 of 10 lookups" in text
    assert BOX in text
    name_server.put(domain.name, "TXT", f"v=spf1 ip4:{BOX} -all")
    assert look(admin, domain)["spf"] == (Verdict.MATCH, "spf_by_address")
    name_server.put(domain.name, "TXT", f"v=spf1 -ip4:{BOX} include:_spf.hopthu.test -all")
    assert look(admin, domain)["spf"] == (Verdict.CONFLICT, "spf_not_ours")
    assert "yet our servers are not allowed" in page(client, admin, domain)
    news = unique("news")
    for number in range(5):
        name_server.put(f"{news}{number}.test", "TXT", "v=spf1 a mx -all")
    includes = " ".join(f"include:{news}{number}.test" for number in range(5))
    name_server.put(domain.name, "TXT", f"v=spf1 include:_spf.hopthu.test {includes} -all")
    assert look(admin, domain)["spf"] == (Verdict.CONFLICT, "spf_too_many")
    assert "16 of 10 lookups" in page(client, admin, domain)


# ---- DKIM


def test_both_keys_are_delegated_to_the_operators_zone(domain: Domain) -> None:
    keys = list(DkimKey.objects.filter(domain=domain).order_by("selector"))
    assert [key.delegated_to for key in keys] == [
        f"{selector}.{domain.pk}._dkim.hopthu.test" for selector in ("s1", "s2")
    ]
    assert all(key.published_at for key in keys)
    assert publish_keys(domain) == 0
    records = {record.record: record for record in expected_records(domain)}
    assert records["dkim-s1"].rdtype == records["dkim-s2"].rdtype == "CNAME"
    assert records["dkim-s2"].need == "recommended"


# ---- differences


@pytest.mark.parametrize(
    ("expected", "live", "marked"),
    [
        ("10 mail.hopthu.test.", "10 mail.hopthu.test.", []),
        ("10 mail.hopthu.test.", "20 mail.hopthu.test.", ["20"]),
        ("v=STSv1; id=new", "v=STSv1; id=old", ["old"]),
        ("k=rsa; p=" + "A" * 60 + "X" + "B" * 60, "k=rsa; p=" + "A" * 60 + "Y" + "B" * 60, ["Y"]),
        ("mail.hopthu.test.", "other.example.", ["other.example."]),
    ],
)
def test_only_what_differs_is_marked(expected: str, live: str, marked: list[str]) -> None:
    assert [part.text for part in difference(expected, live)[1] if part.differs] == marked


@given(st.text(max_size=120), st.text(max_size=120))
def test_the_runs_of_a_difference_are_the_whole_values(expected: str, live: str) -> None:
    left, right = difference(expected, live)
    assert "".join(part.text for part in left) == expected
    assert "".join(part.text for part in right) == live


def test_the_page_marks_the_difference_and_stays_text(
    domain: Domain, admin: Actor, name_server: NameServer, client: Client
) -> None:
    name_server.put(f"_mta-sts.{domain.name}", "TXT", "v=STSv1; id=<b>old</b>")
    look(admin, domain)
    text = page(client, admin, domain)
    assert "<del>&lt;b&gt;old&lt;" in text
    assert "<b>old</b>" not in text


# ---- DMARC


def path(live: str, days: int | None = 30, *, sends_well: bool = True) -> tuple[str, bool]:
    since = None if days is None else NOW - timedelta(days=days)
    found = dmarc_path(live, since=since, sends_well=sends_well, now=NOW)
    assert found is not None
    return found.record, found.is_time


def test_a_policy_steps_up_after_two_quiet_weeks() -> None:
    live = "v=DMARC1; p=none; sp=none; rua=mailto:a@b.vn"
    assert path(live) == ("v=DMARC1; p=quarantine; sp=none; rua=mailto:a@b.vn", True)
    assert path(live, WATCH.days - 1)[1] is False
    assert path(live, None)[1] is False
    assert path(live, sends_well=False)[1] is False
    assert path("v=DMARC1;p=Quarantine") == ("v=DMARC1;p=reject", True)
    assert path("v=DMARC1; p=reject") == ("", False)
    assert dmarc_path("v=DMARC1; p=maybe", since=NOW, sends_well=True, now=NOW) is None


def test_the_page_says_when_to_step_up(domain: Domain, admin: Actor, client: Client) -> None:
    assert "Watch the reports until" in page(client, admin, domain)
    old = datetime.now(UTC) - timedelta(days=20)
    DnsCheck.objects.filter(domain=domain).update(finished_at=old)
    look(admin, domain)
    text = page(client, admin, domain)
    assert f"v=DMARC1; p=quarantine; rua=mailto:postmaster@{domain.name}" in text


# ---- providers, policy, history


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("dana.ns.cloudflare.com", "Cloudflare"),
        ("NS1.PAVIETNAM.VN.", "P.A Việt Nam"),
        ("ns-12.awsdns-34.co.uk", "Amazon Route 53"),
        ("ns1.evilmatbao.com", ""),
        ("cloudflare.com.evil.example", ""),
        ("", ""),
    ],
)
def test_a_provider_is_known_by_its_name_servers(server: str, name: str) -> None:
    found = provider_of([server])
    assert (found.name if found else "") == name


def test_another_policy_wants_another_id(domain: Domain, admin: Actor, client: Client) -> None:
    def wanted() -> str:
        return {r.record: r.value for r in expected_records(domain)}.get("mta-sts", "")

    before = wanted()
    set_mta_sts(actor=admin, domain=domain, mode=StsMode.ENFORCE)
    domain.refresh_from_db()
    assert wanted() not in {"", before}
    event = AuditEvent.objects.get(action="domain.mta_sts", target_id=domain.pk)
    assert event.changes == {"mta_sts_mode": ["testing", "enforce"]}
    assert admin.user is not None
    client.force_login(admin.user)
    for mode, words in (
        ("enforce", "Nothing was changed."),
        ("testing", "Publish its new id"),
        ("none", "asks for nothing any more"),
    ):
        path = f"/portal/{domain.tenant_id}/domains/{domain.pk}/dns/mta-sts/"
        answer = client.post(path, {"mode": mode})
        assert words in [str(told) for told in get_messages(answer.wsgi_request)][-1]
    domain.refresh_from_db()
    assert wanted() == ""
    assert domain.mta_sts_mode == StsMode.NONE


def test_the_history_shows_what_each_check_saw(
    domain: Domain, admin: Actor, name_server: NameServer, client: Client
) -> None:
    name_server.put(domain.name, "MX", "5 elsewhere.example.")
    look(admin, domain)
    text = page(client, admin, domain, "history/")
    assert "5 elsewhere.example." in text
    assert "10 mail.hopthu.test." in text
    assert "Changed since yesterday" in page(client, admin, domain)
