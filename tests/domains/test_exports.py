"""Every list as a file: the current filter, streamed, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from domains.models import Address, DnsCheck, Job, Mailbox
from domains.selectors import MAX_FOUND, filtered_mailboxes
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from domains.services.set_group import create_group
from tests.domains.importing import imported, states, uploaded
from tests.world import World

if TYPE_CHECKING:
    from accounts.actor import Actor

LISTS = (
    "domains",
    "domains/changes",
    "mailboxes",
    "aliases",
    "groups",
    "forwarders",
    "jobs",
    "people",
    "audit",
    "outgoing",
)


@pytest.fixture
def client(world: World) -> Client:
    """The company's admin, signed in."""
    client = Client()
    client.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    return client


def table(client: Client, world: World, name: str, query: str = "") -> list[list[str]]:
    """Return the rows of a list's CSV file, heading first."""
    answer = client.get(f"/portal/{world.tenant.pk}/{name}/?export=csv{query}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="')
    assert answer.streaming
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("name", LISTS)
def test_every_list_of_a_company_is_a_file(
    client: Client, world: World, admin: Actor, name: str
) -> None:
    staff = world.person()
    create_alias(actor=admin, domain=world.domain, localpart="a", mailboxes=[staff.address])
    create_forwarder(actor=admin, domain=world.domain, localpart="f", targets=["x@partner.test"])
    create_group(
        actor=admin, domain=world.domain, localpart="g", name="=1+1", members=[staff.address]
    )
    uploaded(admin, world.tenant, "address\nx\n")
    check = DnsCheck.objects.create(tenant=world.tenant, domain=world.domain)
    check.changes.create(
        tenant=world.tenant,
        domain=world.domain,
        record="mx",
        before="match",
        after="missing",
        at=timezone.now(),
    )
    rows = table(client, world, name)
    if name == "groups":
        assert (rows[1][1], rows[1][-1]) == ("'=1+1", staff.address)
    assert len(rows) > (0 if name == "outgoing" else 1)
    answer = client.get(f"/portal/{world.tenant.pk}/{name}/?export=xlsx")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    assert sheet is not None
    assert len(list(sheet.iter_rows())) == len(rows)


@pytest.mark.parametrize("name", ["tenants", "plans"])
def test_the_lists_of_a_seller_are_files_too(world: World, name: str) -> None:
    client = Client()
    client.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    answer = client.get(f"/portal/{world.reseller.pk}/{name}/?export=csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_the_filter_and_the_order_of_the_list_hold_in_the_file(
    client: Client, world: World
) -> None:
    for name in ("anna", "anton", "berta"):
        world.person(name)
    Mailbox.objects.filter(address__localpart="anton").update(status="suspended")
    found = [row[0].partition("@")[0] for row in table(client, world, "mailboxes", "&q=ann")[1:]]
    assert found == ["anna"]
    found = [row[0] for row in table(client, world, "mailboxes", "&show=suspended")[1:]]
    assert [email.partition("@")[0] for email in found] == ["anton"]
    found = [row[0] for row in table(client, world, "mailboxes", "&sort=-address")[1:]]
    assert found == sorted(found, reverse=True)


def test_a_name_that_is_a_formula_is_made_harmless(client: Client, world: World) -> None:
    world.person("calc", name="=cmd|' /C calc'!A0")
    world.person("plus", name="+84 905 000 111")
    names = {row[1] for row in table(client, world, "mailboxes")[1:]}
    assert names == {"'=cmd|' /C calc'!A0", "'+84 905 000 111"}


def test_no_file_holds_anything_of_a_password(client: Client, world: World) -> None:
    world.person()
    for name in LISTS:
        assert "argon2" not in str(table(client, world, name))


def test_an_exported_list_can_be_imported_again(client: Client, world: World, admin: Actor) -> None:
    world.person("ha", name="Trần Thu Hà", quota_bytes=2_500_000_000)
    answer = client.get(f"/portal/{world.tenant.pk}/mailboxes/?export=xlsx")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    job = uploaded(admin, world.tenant, content, name="mailboxes.xlsx")
    assert states(job) == {2: "skipped"}
    Mailbox.objects.filter(tenant=world.tenant).delete()
    world.people["ha"].box.address.delete()
    job = imported(admin, uploaded(admin, world.tenant, content, name="mailboxes.xlsx"))
    assert states(job) == {2: "done"}
    again = Mailbox.objects.get(tenant=world.tenant)
    assert (again.name, again.quota_bytes) == ("Trần Thu Hà", 2_500_000_000)


def test_the_queries_of_a_file_do_not_grow_with_its_rows(client: Client, world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            table(client, world, "mailboxes")
        return len(caught)

    world.person()
    few = queries()
    for _n in range(15):
        world.person()
    assert queries() == few


def test_a_file_and_everything_that_matches_are_not_cut_where_the_page_is(
    client: Client, world: World
) -> None:
    count, d = MAX_FOUND + 1, world.domain
    addresses = Address.objects.bulk_create(
        Address(tenant=world.tenant, domain=d, localpart=f"n{i}", email=f"n{i}@{d.name}")
        for i in range(count)
    )
    Mailbox.objects.bulk_create(
        Mailbox(tenant=world.tenant, address=address, name="Đồng Hồ Cát") for address in addresses
    )
    assert filtered_mailboxes(world.tenant, part="ho cat").count() == MAX_FOUND
    assert len(table(client, world, "mailboxes", "&q=ho+cat")) == 1 + count
    wanted = {"kind": "mailbox_suspend", "all": "1", "q": "ho cat"}
    client.post(f"/portal/{world.tenant.pk}/jobs/selection/", wanted)
    assert Job.objects.get(tenant=world.tenant).total == count
