"""Lists of domains, mailboxes, aliases and forwarders: search, order, pages, and what they cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Tenant, TenantKind
from domains.models import (
    Address,
    DnsChange,
    DnsCheck,
    Domain,
    DomainStatus,
    LastSignIn,
    Mailbox,
    MailboxStatus,
    MailboxUsage,
    Verdict,
)
from domains.selectors import directory_of, figures_of
from domains.services.keep_reserved import keep_reserved
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from tests.world import World, plant, unique

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

    from accounts.actor import Actor

BUDGET = 12
GB = 1_000_000_000


@pytest.fixture
def outbox(settings: Settings) -> None:
    """Mail goes where it goes in an installation."""
    settings.EMAIL_BACKEND = "delivery.email_backend.OutboxBackend"


@pytest.fixture
def signed_in(client: Client, admin: Actor) -> Client:
    assert admin.user is not None
    client.force_login(admin.user)
    return client


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def change(domain: Domain) -> DnsChange:
    now = timezone.now()
    check = DnsCheck.objects.create(tenant=domain.tenant, domain=domain, finished_at=now)
    return check.changes.create(
        tenant=domain.tenant,
        domain=domain,
        record="mx",
        before=Verdict.MATCH,
        after=Verdict.MISSING,
        at=now,
    )


def fill(world: World, admin: Actor, number: int) -> None:
    for _ in range(number):
        box = world.person(quota_bytes=GB).box
        MailboxUsage.objects.filter(mailbox=box).update(bytes=GB - 1, messages=3)
        LastSignIn.objects.create(mailbox=box, service="imap", at_epoch=1_700_000_000)
        create_alias(
            actor=admin,
            domain=world.domain,
            localpart=unique("al"),
            mailboxes=[box.address.email],
        )
        create_forwarder(
            actor=admin, domain=world.domain, localpart=unique("fw"), targets=["an@partner.test"]
        )
        domain = Domain.objects.create(
            tenant=world.tenant, name=f"{unique('d')}.test", ownership_token="t"
        )
        change(domain)


@pytest.mark.parametrize(
    "end",
    [
        "",
        "domains/",
        "domains/?q=d&show=pending&sort=-created",
        "domains/{domain}/",
        "domains/{domain}/dns/",
        "domains/changes/",
        "domains/changes/?q=d&show=broken",
        "mailboxes/",
        "mailboxes/?q=p&sort=-usage&show=full",
        "mailboxes/?domain={domain}&sort=name",
        "mailboxes/{mailbox}/",
        "mailboxes/options/?part=p",
        "aliases/",
        "aliases/?q=al&sort=-created",
        "forwarders/",
        "forwarders/?q=fw",
    ],
)
def test_a_page_costs_the_same_at_ten_times_the_rows(
    end: str, world: World, admin: Actor, signed_in: Client
) -> None:
    first = world.person("first").box
    path = f"/portal/{world.tenant.pk}/" + end.format(domain=world.domain.pk, mailbox=first.pk)
    fill(world, admin, 3)
    few = queries(signed_in, path)
    fill(world, admin, 27)
    assert queries(signed_in, path) == few
    assert few <= BUDGET


@pytest.mark.parametrize(
    ("entry", "more", "status"),
    [
        ("shared", {}, 302),
        ("link", {}, 200),
        ("link", {"invite_email": "lan@outside.test"}, 200),
        ("password", {"password": "cầu vồng mọc ở phía tây 7"}, 302),
    ],
)
@pytest.mark.usefixtures("outbox")
def test_opening_a_mailbox_costs_at_most_a_dozen_questions(
    entry: str,
    more: dict[str, str],
    status: int,
    world: World,
    admin: Actor,
    signed_in: Client,
) -> None:
    world.person("first")
    keep_reserved(world.domain)
    form = {"name": "Kế toán", "domain": str(world.domain.pk), "quota": "5", "entry": entry} | more
    path = f"/portal/{world.tenant.pk}/mailboxes/new/"
    with CaptureQueriesContext(connection) as seen:
        answer = signed_in.post(path, form | {"localpart": "ketoan"})
    assert answer.status_code == status
    assert Mailbox.objects.filter(address__email=f"ketoan@{world.domain.name}").exists()
    assert len(seen) <= BUDGET, "\n".join(query["sql"] for query in seen)


def listed(client: Client, path: str) -> str:
    return client.get(path).content.decode()


@pytest.mark.parametrize("part", ["tran", "TRẦN", "thu hà", "Tha", "ha.tran@", "ran@d"])
def test_a_mailbox_is_found_by_any_part_of_name_or_address(
    part: str, world: World, signed_in: Client
) -> None:
    world.person("ha.tran", name="Trần Thu Hà")
    world.person("huy.do", name="Đỗ Quang Huy")
    text = listed(signed_in, f"/portal/{world.tenant.pk}/mailboxes/?q={part}")
    assert ("Trần Thu Hà" in text) == (part != "Tha")
    assert "Đỗ Quang Huy" not in text


def test_marks_do_not_matter_in_names(world: World, signed_in: Client) -> None:
    world.person("huy.do", name="Đỗ Quang Huy")
    assert "Đỗ Quang Huy" in listed(signed_in, f"/portal/{world.tenant.pk}/mailboxes/?q=do quang")


@pytest.mark.parametrize("part", ["%", "_", "\\", "'", "%00", "x" * 5000, "\u202e"])
def test_odd_search_words_find_nothing_and_break_nothing(
    part: str, world: World, signed_in: Client
) -> None:
    world.person("ha", name="Hà")
    for page in ("domains", "mailboxes", "aliases", "forwarders", "mailboxes/options"):
        response = signed_in.get(f"/portal/{world.tenant.pk}/{page}/", {"q": part, "part": part})
        assert response.status_code == 200


@pytest.mark.parametrize(
    "query", ["sort=x", "page=0", "page=-1", "page=9999", "domain=x", "show=?"]
)
def test_odd_parameters_mean_the_first_page(query: str, world: World, signed_in: Client) -> None:
    world.person("ha", name="Hà")
    assert signed_in.get(f"/portal/{world.tenant.pk}/mailboxes/?{query}").status_code == 200


def order(text: str, *names: str) -> list[str]:
    return sorted(names, key=text.index)


def test_mailboxes_are_sorted_by_every_column(world: World, signed_in: Client) -> None:
    big = world.person("a", name="Zoe", quota_bytes=GB).box
    small = world.person("b", name="Yen").box
    world.person("c", name="Xuan")
    MailboxUsage.objects.filter(mailbox=big).update(bytes=900)
    MailboxUsage.objects.filter(mailbox=small).update(bytes=100)
    Mailbox.objects.filter(pk=small.pk).update(status=MailboxStatus.SUSPENDED)

    def by(key: str) -> list[str]:
        page = listed(signed_in, f"/portal/{world.tenant.pk}/mailboxes/?sort={key}")
        return order(page, "Zoe", "Yen", "Xuan")

    assert by("address") == ["Zoe", "Yen", "Xuan"]
    assert by("-address") == ["Xuan", "Yen", "Zoe"]
    assert by("name") == ["Xuan", "Yen", "Zoe"]
    assert by("-usage") == ["Zoe", "Yen", "Xuan"]
    assert by("created") == ["Zoe", "Yen", "Xuan"]
    assert by("-status")[0] == "Yen"


def test_a_page_holds_fifty_and_the_next_one_the_rest(world: World, signed_in: Client) -> None:
    for number in range(53):
        address = Address.objects.create(
            tenant=world.tenant,
            domain=world.domain,
            localpart=f"n{number:02}",
            email=f"n{number:02}@{world.domain.name}",
        )
        Mailbox.objects.create(tenant=world.tenant, address=address, name=f"N{number:02}")
    path = f"/portal/{world.tenant.pk}/mailboxes/"
    first, second = listed(signed_in, path), listed(signed_in, f"{path}?page=2")
    assert "1–50 of 53" in first
    assert "N49" in first
    assert "N50" not in first
    assert "51–53 of 53" in second
    assert "N52" in second


def test_htmx_gets_only_the_list(world: World, signed_in: Client) -> None:
    world.person("ha")
    response = signed_in.get(
        f"/portal/{world.tenant.pk}/mailboxes/", headers={"HX-Request": "true"}
    )
    assert response.content.decode().lstrip().startswith("<section")
    assert "HX-Request" in response["Vary"]


def test_a_seller_sees_the_domains_and_mailboxes_of_his_customers(
    world: World, client: Client
) -> None:
    from accounts.models import Role

    world.person("ha", name="Hà của khách")
    reseller = world.admin_of(world.reseller, Role.RESELLER).user
    client.force_login(reseller)
    assert world.domain.name in listed(client, f"/portal/{world.reseller.pk}/domains/")
    text = listed(client, f"/portal/{world.reseller.pk}/mailboxes/")
    assert "Hà của khách" in text
    assert f"/portal/{world.tenant.pk}/mailboxes/" in text


def test_a_company_never_sees_another_ones_rows(world: World, signed_in: Client) -> None:
    other = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other ")))
    domain = Domain.objects.create(
        tenant=other,
        name=f"{unique('foreign')}.test",
        ownership_token="t",
        status=DomainStatus.ACTIVE,
        verified_at=timezone.now(),
    )
    address = Address.objects.create(
        tenant=other, domain=domain, localpart="bí".replace("í", "i"), email=f"bi@{domain.name}"
    )
    foreign = Mailbox.objects.create(tenant=other, address=address, name="Người lạ")
    for page in ("domains", "mailboxes", "aliases", "forwarders", "mailboxes/options"):
        text = listed(signed_in, f"/portal/{world.tenant.pk}/{page}/?q=foreign&part=foreign")
        assert domain.name not in text
        assert "Người lạ" not in text
    for path in (f"domains/{domain.pk}/", f"domains/{domain.pk}/dns/", f"mailboxes/{foreign.pk}/"):
        assert signed_in.get(f"/portal/{world.tenant.pk}/{path}").status_code == 404
    assert directory_of(world.tenant, part="foreign") == []


def test_the_directory_finds_colleagues_by_name_or_address(world: World) -> None:
    world.person("ha.tran", name="Trần Thu Hà")
    leaving = world.person("leaving", name="Trần Đi").box
    Mailbox.objects.filter(pk=leaving.pk).update(
        status=MailboxStatus.DELETING, delete_after=timezone.now()
    )
    assert [entry.email for entry in directory_of(world.tenant, part="tran")] == [
        f"ha.tran@{world.domain.name}"
    ]
    assert directory_of(world.tenant, part="zzz") == []


def test_usage_counts_what_is_there(world: World, admin: Actor) -> None:
    fill(world, admin, 2)
    usage = figures_of(world.tenant)
    assert (usage.mailboxes, usage.aliases, usage.forwarders, usage.domains) == (2, 2, 2, 3)
    assert usage.bytes == 2 * (GB - 1)
    # a seller's lists of aliases and forwarders show his own only
    assert figures_of(world.reseller) == replace(usage, listed_aliases=0, listed_forwarders=0)


def test_the_fullest_come_first_and_boxes_without_limit_never(world: World) -> None:
    for name, quota, used in [("a", 100, 85), ("b", 100, 99), ("c", 100, 79), ("d", 0, 10**9)]:
        box = world.person(name, quota_bytes=quota).box
        MailboxUsage.objects.filter(mailbox=box).update(bytes=used)
    figures = figures_of(world.tenant)
    assert [(row.email[0], row.percent) for row in figures.fullest] == [("b", 99), ("a", 85)]
    assert figures.full == 2
