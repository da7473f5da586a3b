"""Pages of domains and mailboxes: forms without script, refusals at their fields, fragments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.utils import timezone, translation

from accounts.models import Role
from domains.attention import overview
from domains.forms import MOST_OFFERED
from domains.models import (
    Address,
    Alias,
    DnsCheck,
    Domain,
    DomainStatus,
    Forwarder,
    Grant,
    LastSignIn,
    Mailbox,
    MailboxStatus,
    MailboxUsage,
    Sends,
)
from domains.services.delete_domain import Contents
from domains.services.provision_mailbox import provision_mailbox
from domains.services.register_domain import register_domain
from domains.services.set_alias import create_alias
from domains.services.set_group import create_group
from domains.services.verify_dns import verify_dns
from portal.paging import PAGE_SIZE
from tests.domains.conftest import acting
from tests.domains.name_server import NameServer
from tests.world import PASSWORD, World, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponseBase
    from django.test import Client

    from accounts.actor import Actor


@pytest.fixture
def portal(client: Client, admin: Actor, world: World) -> Callable[..., HttpResponseBase]:
    """Ask a page of the company as its admin; data makes it a POST."""
    assert admin.user is not None
    client.force_login(admin.user)

    def ask(path: str, data: dict[str, str] | None = None, **headers: str) -> HttpResponseBase:
        url = f"/portal/{world.tenant.pk}/{path}"
        if data is None:
            return client.get(url, headers=headers)
        return client.post(url, data, headers=headers)

    return ask


def text(response: HttpResponseBase) -> str:
    assert isinstance(response, HttpResponse)
    return response.content.decode()


# ---- setting a domain up


def test_a_domain_is_added_in_steps(
    portal: Callable[..., HttpResponseBase], world: World, name_server: NameServer
) -> None:
    name = f"{unique('moi')}.test"
    response = portal("domains/new/", {"name": name})
    domain = Domain.objects.get(name=name)
    assert response.status_code == 302
    assert response["Location"] == f"/portal/{world.tenant.pk}/domains/{domain.pk}/setup/"
    page = text(portal(f"domains/{domain.pk}/setup/"))
    assert f"_hopthu.{name}" in page
    assert f"hopthu-verify={domain.ownership_token}" in page
    name_server.zone(name)
    name_server.put(f"_hopthu.{name}", "TXT", f"hopthu-verify={domain.ownership_token}")
    verify_dns(check_id=DnsCheck.objects.get(domain=domain).pk)
    page = text(portal(f"domains/{domain.pk}/setup/"))
    assert "is yours. Now 4 records" in page
    assert "10 mail.hopthu.test." in page


@pytest.mark.parametrize("name", ["", "-a.com", "a..b", "localhost", "com.vn", "<script>", "😀.vn"])
def test_a_bad_name_is_refused_at_the_field_with_what_was_typed(
    name: str, portal: Callable[..., HttpResponseBase]
) -> None:
    response = portal("domains/new/", {"name": name})
    assert response.status_code == 422
    assert 'aria-invalid="true"' in text(response)
    assert "<script>" not in text(response).partition("<main")[2]


def test_the_page_asks_for_news_and_hears_nothing_while_there_is_none(
    portal: Callable[..., HttpResponseBase], world: World, admin: Actor, name_server: NameServer
) -> None:
    domain = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('poll')}.test")
    path = f"domains/{domain.pk}/dns/"
    page = text(portal(path))
    seen = page.partition("?seen=")[2].partition('"')[0]
    assert portal(f"{path}?seen={seen}", **{"HX-Request": "true"}).status_code == 204
    name_server.zone(domain.name)
    verify_dns(check_id=DnsCheck.objects.get(domain=domain).pk)
    news = portal(f"{path}?seen={seen}", **{"HX-Request": "true"})
    assert news.status_code == 200
    assert text(news).lstrip().startswith('<div class="page-part" id="dns">')
    assert "Missing" in text(news)


def test_check_now_opens_a_check_and_comes_back(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    response = portal(f"domains/{world.domain.pk}/dns/check/", {})
    assert (response.status_code, response["Location"][-5:]) == (302, "/dns/")
    assert DnsCheck.objects.filter(domain=world.domain, finished_at=None).count() == 1
    assert "Checking…" in text(portal(f"domains/{world.domain.pk}/dns/"))


def test_live_values_from_the_dns_are_text_only(
    portal: Callable[..., HttpResponseBase], world: World, admin: Actor, name_server: NameServer
) -> None:
    domain = register_domain(actor=admin, tenant=world.tenant, name=f"{unique('xss')}.test")
    name_server.zone(domain.name)
    name_server.put(domain.name, "TXT", "v=spf1 <script>alert(1)</script> -all")
    name_server.put(domain.name, "MX", "5 <img/src=x>.test.")
    verify_dns(check_id=DnsCheck.objects.get(domain=domain).pk)
    page = text(portal(f"domains/{domain.pk}/dns/"))
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_zone_file_is_a_download(portal: Callable[..., HttpResponseBase], world: World) -> None:
    response = portal(f"domains/{world.domain.pk}/dns/zone/")
    assert response["Content-Disposition"] == f'attachment; filename="{world.domain.name}.zone"'
    assert f"$ORIGIN {world.domain.name}." in text(response)


def test_the_shared_page_shows_the_records_without_an_account(
    portal: Callable[..., HttpResponseBase], world: World, client: Client
) -> None:
    page = text(portal(f"domains/{world.domain.pk}/dns/share/", {}))
    token = page.partition("/portal/dns/")[2].partition("/")[0]
    client.logout()
    shared = client.get(f"/portal/dns/{token}/")
    assert shared.status_code == 200
    assert "hopthu-verify=token" in text(shared)
    assert shared["X-Robots-Tag"] == "noindex, nofollow"
    assert client.get(f"/portal/dns/{token}/?file=zone")["Content-Type"].startswith("text/dns")
    assert client.get(f"/portal/dns/{token[:-2]}xx/").status_code == 404
    world.domain.ownership_token = "another"
    world.domain.save(update_fields=["ownership_token"])
    assert client.get(f"/portal/dns/{token}/").status_code == 404


def test_a_domain_is_deleted_by_typing_its_name(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    path = f"domains/{world.domain.pk}/delete/"
    assert portal(path, {"name": "other.test"}).status_code == 422
    assert portal(path, {"name": world.domain.name.upper()}).status_code == 302
    assert not Domain.objects.filter(pk=world.domain.pk).exists()


def test_a_full_domain_says_what_is_in_it_and_ends_with_days_of_grace(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    world.person("ha")
    path = f"domains/{world.domain.pk}/delete/"
    assert "1 mailbox" in text(portal(path))
    assert portal(path, {"name": "other.test", "grace_days": "7"}).status_code == 422
    assert portal(path, {"name": world.domain.name, "grace_days": "7"}).status_code == 302
    ended = Domain.objects.get(pk=world.domain.pk)
    assert ended.status == "deleting"
    assert ended.delete_after is not None
    assert "Undo the end" in text(portal(f"domains/{world.domain.pk}/"))
    portal(f"domains/{world.domain.pk}/restore/", {})
    assert Domain.objects.get(pk=world.domain.pk).status == "active"


def test_the_catch_all_is_set_and_cleared(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    ha = world.person("ha")
    path = f"domains/{world.domain.pk}/catch-all/"
    assert portal(path, {"mailbox": ha.address}).status_code == 302
    assert ha.address in text(portal(f"domains/{world.domain.pk}/"))
    assert portal(path, {"mailbox": "x@elsewhere.test"}).status_code == 422
    assert portal(path, {"mailbox": ""}).status_code == 302
    assert ha.address not in text(portal(f"domains/{world.domain.pk}/"))


# ---- mailboxes


def fields(world: World, **more: str) -> dict[str, str]:
    return {
        "domain": str(world.domain.pk),
        "name": "Trần Thu Hà",
        "localpart": "",
        "quota": "5",
        "entry": "link",
    } | more


def test_a_mailbox_is_opened_with_a_link_shown_once(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    response = portal("mailboxes/new/", fields(world))
    assert response.status_code == 200
    assert "/invitation/" in text(response) or "invitation" in text(response)
    assert "no-store" in response["Cache-Control"]
    mailbox = Mailbox.objects.get(tenant=world.tenant)
    assert mailbox.address.email == f"tran.thu.ha@{world.domain.name}"
    assert mailbox.quota_bytes == 5_000_000_000


def test_a_mailbox_is_opened_with_a_first_password(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    response = portal(
        "mailboxes/new/", fields(world, entry="password", password=PASSWORD, localpart="ha")
    )
    assert response.status_code == 302
    mailbox = Mailbox.objects.get(tenant=world.tenant)
    assert mailbox.owner is not None
    assert mailbox.owner.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"quota": "-1"}, "id_quota_error"),
        ({"quota": "999"}, "20 GB"),
        ({"localpart": "hà trần"}, "no accents"),
        ({"localpart": "postmaster"}, "RFC 2142"),
        ({"name": ""}, "id_name_error"),
        ({"name": "😀", "localpart": ""}, "before the @"),
        ({"entry": "password"}, "id_password_error"),
        ({"entry": "password", "password": "123"}, "id_password_error"),
        ({"domain": "0"}, "id_domain_error"),
        ({"invite_email": "nobody"}, "id_invite_email_error"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    wrong: dict[str, str],
    words: str,
    portal: Callable[..., HttpResponseBase],
    world: World,
    plan: Callable[..., object],
) -> None:
    plan(max_mailbox_bytes=20_000_000_000)
    response = portal("mailboxes/new/", fields(world, **wrong))
    assert response.status_code == 422
    assert words in text(response)
    assert not Mailbox.objects.filter(tenant=world.tenant).exists()


def test_a_domain_of_another_company_is_no_choice(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    from tests.world import make_world

    foreign = make_world().domain
    response = portal("mailboxes/new/", fields(world, domain=str(foreign.pk)))
    assert response.status_code == 422
    assert not Mailbox.objects.filter(address__domain=foreign).exists()


def settings_of(mailbox: Mailbox, **more: str) -> dict[str, str]:
    return {
        "name": mailbox.name,
        "quota": "1",
        "allow_imap": "on",
        "version": str(mailbox.version),
    } | more


def test_settings_are_saved_and_a_second_admin_sees_the_newer_ones(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    box = world.person("ha").box
    path = f"mailboxes/{box.pk}/settings/"
    assert portal(path, settings_of(box, quota="2.5")).status_code == 302
    response = portal(path, settings_of(box, name="Zweiter"))
    assert response.status_code == 422
    assert "Somebody else changed this mailbox" in text(response)
    assert 'name="version" value="1"' in text(response)
    box.refresh_from_db()
    assert (box.quota_bytes, box.allow_pop3, box.name) == (2_500_000_000, False, "Ha")


def test_mass_assignment_changes_nothing(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    box = world.person("ha").box
    extra = {"tenant": "1", "owner": "1", "status": "deleting", "address": "1", "id": "7"}
    assert portal(f"mailboxes/{box.pk}/settings/", settings_of(box, **extra)).status_code == 302
    after = Mailbox.objects.get(pk=box.pk)
    assert (after.tenant_id, after.owner_id, after.status, after.address_id) == (
        box.tenant_id,
        box.owner_id,
        box.status,
        box.address_id,
    )


def test_forwarding_is_set_line_by_line_and_refused_in_words(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    person = world.person("ha")
    path = f"mailboxes/{person.box.pk}/forwarding/"
    data = {"targets": "an@partner.test\n b@partner.test; c@partner.test", "version": "0"}
    assert portal(path, data).status_code == 302
    person.box.refresh_from_db()
    assert person.box.forward_to == ["an@partner.test", "b@partner.test", "c@partner.test"]
    for bad in (person.address, "|cmd", "\n".join(f"p{n}@x.test" for n in range(10_000))):
        response = portal(path, {"targets": bad, "version": "1"})
        assert response.status_code == 422
        assert "id_targets_error" in text(response)


def test_suspend_resume_delete_and_undo_are_buttons(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    box = world.person("ha").box

    def status() -> str:
        return Mailbox.objects.get(pk=box.pk).status

    assert portal(f"mailboxes/{box.pk}/suspend/", {}).status_code == 302
    assert status() == MailboxStatus.SUSPENDED
    assert "Resume" in text(portal(f"mailboxes/{box.pk}/"))
    portal(f"mailboxes/{box.pk}/resume/", {})
    assert portal(f"mailboxes/{box.pk}/delete/", {"grace_days": "5"}).status_code == 422
    assert portal(f"mailboxes/{box.pk}/delete/", {"grace_days": "7"}).status_code == 302
    assert status() == MailboxStatus.DELETING
    assert "Undo the deletion" in text(portal(f"mailboxes/{box.pk}/"))
    portal(f"mailboxes/{box.pk}/restore/", {})
    assert status() == MailboxStatus.ACTIVE


@pytest.mark.parametrize(
    "verb", ["suspend", "resume", "restore", "settings", "forwarding", "password"]
)
def test_nothing_changes_by_following_a_link(
    verb: str, portal: Callable[..., HttpResponseBase], world: World
) -> None:
    box = world.person("ha").box
    assert portal(f"mailboxes/{box.pk}/{verb}/").status_code == 405


def test_who_only_looks_sees_no_forms(world: World, client: Client) -> None:
    box = world.person("ha").box
    auditor = acting(world.tenant, Role.AUDITOR).user
    assert auditor is not None
    client.force_login(auditor)
    page = text(client.get(f"/portal/{world.tenant.pk}/mailboxes/{box.pk}/"))
    for verb in ("settings", "forwarding", "password", "suspend", "delete"):
        assert f"/mailboxes/{box.pk}/{verb}/" not in page


def test_each_way_in_has_its_last_sign_in(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    box = world.person("ha").box
    for service in ("imap", "pop3", "smtp", "sieve", "webmail"):
        LastSignIn.objects.create(mailbox=box, service=service, at_epoch=1_700_000_000)
    page = text(portal(f"mailboxes/{box.pk}/"))
    for name in ("IMAP", "POP3", "SMTP", "ManageSieve", "Webmail"):
        assert f"<dt>{name}</dt>" in page


# ---- aliases and forwarders


def test_an_alias_is_made_changed_and_deleted(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    ha, huy = world.person("ha"), world.person("huy")
    domain = str(world.domain.pk)
    response = portal(
        "aliases/new/", {"domain": domain, "localpart": "info", "mailboxes": ha.address}
    )
    assert response.status_code == 302
    alias = Alias.objects.get(address__email=f"info@{world.domain.name}")
    assert "info@" in text(portal("aliases/"))
    portal(
        f"aliases/{alias.pk}/", {"mailboxes": f"{ha.address}\n{huy.address}", "is_enabled": "on"}
    )
    assert alias.targets.count() == 2
    assert portal(f"aliases/{alias.pk}/", {"mailboxes": "x@y.test"}).status_code == 422
    assert portal(f"aliases/{alias.pk}/delete/", {}).status_code == 302
    assert not Alias.objects.filter(pk=alias.pk).exists()


def test_a_forwarder_is_made_changed_and_deleted(
    portal: Callable[..., HttpResponseBase], world: World
) -> None:
    domain = str(world.domain.pk)
    new = {"domain": domain, "localpart": "hoadon", "targets": "an@partner.test"}
    assert portal("forwarders/new/", new).status_code == 302
    made = Forwarder.objects.get(address__email=f"hoadon@{world.domain.name}")
    assert portal("forwarders/new/", new).status_code == 422
    own = {"targets": made.address.email, "is_enabled": "on"}
    assert portal(f"forwarders/{made.pk}/", own).status_code == 422
    assert portal(f"forwarders/{made.pk}/", {"targets": "b@partner.test"}).status_code == 302
    assert "Switched off" in text(portal("forwarders/"))
    assert portal(f"forwarders/{made.pk}/delete/", {}).status_code == 302
    assert not Forwarder.objects.filter(pk=made.pk).exists()


# ---- the overview


def test_the_overview_ranks_what_is_wrong(world: World, admin: Actor) -> None:
    assert overview(world.tenant, admin).rows == []
    Domain.objects.filter(pk=world.domain.pk).update(
        dns_problems=2, dns_worst="mx.missing", mx_seen_at=timezone.now()
    )
    pending = Domain.objects.create(
        tenant=world.tenant, name=f"{unique('w')}.test", ownership_token="t"
    )
    assert pending.status == DomainStatus.PENDING
    box = world.person("ha", quota_bytes=100).box
    MailboxUsage.objects.filter(mailbox=box).update(bytes=97)
    found = overview(world.tenant, admin).rows
    assert [row.severity for row in found] == ["danger", "info", "danger"]
    assert "2 DNS records to repair" in found[0].title
    assert "MX missing" in found[0].text
    assert "waits for proof" in found[1].title
    assert "97 %" in found[2].text


def test_many_troubled_domains_become_one_line(world: World, admin: Actor) -> None:
    for number in range(9):
        Domain.objects.create(
            tenant=world.tenant,
            name=f"{unique('w')}{number}.test",
            ownership_token="t",
            status=DomainStatus.ACTIVE,
            dns_problems=1,
            dns_worst="mx.conflict",
            mx_seen_at=timezone.now(),
            verified_at=timezone.now(),
        )
    found = overview(world.tenant, admin).rows
    assert len(found) == 4
    assert "6 more domains" in found[-1].title
    assert found[-1].url.endswith("?show=attention")


def test_domains_that_were_not_switched_yet_are_no_alarm(
    world: World, admin: Actor, client: Client
) -> None:
    for number in range(4):
        Domain.objects.create(
            tenant=world.tenant,
            name=f"{unique('w')}{number}.test",
            ownership_token="t",
            status=DomainStatus.ACTIVE,
            dns_problems=4,
            dns_worst="mx.conflict",
            verified_at=timezone.now(),
        )
        if number == 0:
            (one,) = overview(world.tenant, admin).rows
            assert "does not lead here yet" in one.title
            assert one.severity == "info"
    (found,) = overview(world.tenant, admin).rows
    assert found.title == "The MX of 4 domains does not lead here yet"
    assert found.severity == "info"
    assert admin.user is not None
    client.force_login(admin.user)
    listed = text(client.get(found.url))
    assert "1–4 of 4" in listed
    assert "tone-danger" not in listed
    alarm = client.get(f"/portal/{world.tenant.pk}/domains/?show=attention")
    assert "No domain matches" in text(alarm)


def test_domains_of_an_import_wait_in_one_line_that_leads_to_them(
    world: World, admin: Actor, client: Client
) -> None:
    Domain.objects.bulk_create(
        Domain(tenant=world.tenant, name=f"{unique('w')}.test", ownership_token="t")
        for _ in range(1200)
    )
    (found,) = overview(world.tenant, admin).rows
    assert found.title == "1,200 domains wait for proof of ownership"
    assert found.severity == "info"
    assert admin.user is not None
    client.force_login(admin.user)
    assert "1–50 of 1,200" in text(client.get(found.url))


def test_a_tenant_without_a_domain_is_told_how_to_begin(world: World, admin: Actor) -> None:
    world.domain.delete()
    assert overview(world.tenant, admin).rows == []
    first, *later = overview(world.tenant, admin).first_steps
    assert first.url.endswith("/domains/new/")
    assert [step.url for step in later] == ["", ""]


@pytest.mark.parametrize(
    ("allowed", "said"),
    [(1, []), (10, ["The plan has no room for another mailbox"])],
    ids=["made to measure", "grown into"],
)
def test_a_full_plan_is_pointed_out_where_it_was_grown_into(
    world: World, admin: Actor, plan: Callable[..., object], allowed: int, said: list[str]
) -> None:
    plan(max_domains=1, max_mailboxes=allowed)
    for _ in range(allowed):
        world.person()
    rows = overview(world.tenant, admin).rows
    assert [row.title for row in rows] == said
    assert {row.severity for row in rows} <= {"info"}


def test_a_seller_sees_what_a_customer_uses_of_his_plan(
    world: World, client: Client, plan: Callable[..., object]
) -> None:
    plan(max_domains=4, max_mailboxes=1500)
    world.person("ha")
    client.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    page = text(client.get(f"/portal/{world.reseller.pk}/tenants/{world.tenant.pk}/"))
    meters = re.findall(
        r'<h3 class="field__label">(.*?)</h3>.*?<b>(.*?)</b><span>(.*?)</span>', page
    )
    assert meters == [("Domains", "1", "4"), ("Mailboxes", "1", "1,500")]


@pytest.mark.parametrize("listed", ["aliases", "groups", "forwarders"])
def test_a_seller_is_told_where_the_addresses_of_his_customers_are(
    world: World, admin: Actor, client: Client, listed: str
) -> None:
    client.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    path = f"/portal/{world.reseller.pk}/{listed}/"
    assert "None of your own" not in text(client.get(path))
    box = world.person("ha")
    d = world.domain
    create_alias(actor=admin, domain=d, localpart="info", mailboxes=[box.address])
    assert ("None of your own" in text(client.get(path))) is (listed == "aliases")


def test_what_a_domain_still_holds_is_counted_as_the_language_does() -> None:
    held = Contents(mailboxes=1997, aliases=1, forwarders=0, groups=2)
    assert held.words == "1,997 mailboxes, 1 alias, 2 groups"
    with translation.override("vi"):
        assert held.words == "1.997 hộp thư, 1 bí danh, 2 nhóm"


def test_figures_show_use_beside_the_limit(
    world: World, admin: Actor, plan: Callable[..., object]
) -> None:
    plan(max_mailboxes=60, storage_bytes=300_000_000_000)
    world.person("ha")
    shown = {
        figure.label: (figure.value, figure.of) for figure in overview(world.tenant, admin).figures
    }
    assert shown["Mailboxes"] == ("1", "60")
    assert shown["Storage in use"] == ("0 B", "300 GB")
    assert shown["Domains"] == ("1", "")


def test_whoever_has_hundreds_of_domains_types_the_name(
    world: World, admin: Actor, client: Client
) -> None:
    Domain.objects.bulk_create(
        Domain(
            tenant=world.tenant,
            name=f"{unique('many')}.test",
            ownership_token="t",
            status=DomainStatus.ACTIVE,
            verified_at=timezone.now(),
        )
        for _ in range(MOST_OFFERED)
    )
    assert admin.user is not None
    client.force_login(admin.user)
    page = f"/portal/{world.tenant.pk}/mailboxes/new/"
    text = client.get(page, {"domain": world.domain.pk}).content.decode()
    assert "<select" not in text.partition('name="domain"')[0].rpartition("<")[2]
    assert f'value="{world.domain.name}"' in text
    form = {"name": "Mai", "localpart": "mai", "quota": "1", "entry": "shared"}
    wrong = client.post(page, form | {"domain": "else.test"})
    assert wrong.status_code == 422
    assert "no domain of this name" in wrong.content.decode()
    nameless = client.post(page, form | {"name": "", "domain": world.domain.name})
    assert f'type="text" name="domain" id="id_domain" value="{world.domain.name}"' in (
        nameless.content.decode()
    )
    assert client.post(page, form | {"domain": f"@{world.domain.name.upper()}"}).status_code == 302
    assert Mailbox.objects.filter(address__email=f"mai@{world.domain.name}").exists()


def test_the_page_of_a_shared_mailbox_asks_for_nothing_of_an_owner(
    portal: Callable[..., HttpResponseBase], world: World, admin: Actor
) -> None:
    box = provision_mailbox(
        actor=admin, domain=world.domain, localpart="kho", name="Kho", shared=True
    ).mailbox
    shown = text(portal(f"mailboxes/{box.pk}/"))
    assert f"mailboxes/{box.pk}/grants/" in shown
    for absent in ("allow_imap", "programs-title", "leaver-title", "password-title"):
        assert absent not in shown
    form = {"name": "Kho Hà Nội", "quota": "1", "version": str(box.version)}
    assert portal(f"mailboxes/{box.pk}/settings/", form).status_code == 302
    box.refresh_from_db()
    assert (box.name, box.allow_imap, box.allow_smtp) == ("Kho Hà Nội", True, True)


def test_every_grant_is_on_some_page_and_the_two_lists_turn_apart(
    world: World, admin: Actor, client: Client
) -> None:
    d, tenant, shared = world.domain, world.tenant, world.person()
    addresses = Address.objects.bulk_create(
        Address(tenant=tenant, domain=d, localpart=f"g{n:02}", email=f"g{n:02}@{d.name}")
        for n in range(PAGE_SIZE + 1)
    )
    boxes = Mailbox.objects.bulk_create(
        Mailbox(tenant=tenant, address=one, name=one.localpart) for one in addresses
    )
    group = create_group(actor=admin, domain=d, localpart="nhom", name="Nhóm")
    Grant.objects.bulk_create(
        Grant(tenant=tenant, address=address, mailbox=box, sends=Sends.AS)
        for box in boxes
        for address in (shared.box.address, group.address)
    )
    Grant.objects.bulk_create(
        Grant(tenant=tenant, address=address, mailbox=shared.box, sends=Sends.AS)
        for address in addresses
    )
    assert admin.user is not None
    client.force_login(admin.user)
    base = f"/portal/{tenant.pk}"
    path, last = f"{base}/mailboxes/{shared.box.pk}/grants/", addresses[-1].email

    def shown(url: str) -> int:
        return client.get(url).content.decode().count(last)

    assert [shown(path + query) for query in ("", "?page=2", "?given-page=2")] == [0, 1, 1]
    assert shown(f"{path}?page=2&given-page=2") == 2
    assert 'href="?page=2&amp;given-page=2' in client.get(f"{path}?page=2").content.decode()
    assert shown(f"{base}/groups/{group.pk}/") == 0
    assert shown(f"{base}/groups/{group.pk}/?grants-page=2") == 1
