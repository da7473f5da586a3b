"""The counters of what plans limit say what is there, whatever was done, and by how many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction

from accounts.models import Role, Tenant, TenantKind
from domains.models import (
    Alias,
    Domain,
    DomainStatus,
    DomainUsage,
    Forwarder,
    Group,
    JobKind,
    Mailbox,
    MailboxUsage,
    RoomUsage,
)
from domains.names import RESERVED_LOCALPARTS
from domains.selectors import WrongRoom, WrongStorage, used_in, wrong_rooms, wrong_storage
from domains.services.delete_domain import delete_domain
from domains.services.delete_mailbox import delete_mailbox
from domains.services.move_domain import move_domain
from domains.services.provision_mailbox import provision_mailbox
from domains.services.purge_deleted import purge_deleted
from domains.services.recount_rooms import recount_rooms
from domains.services.register_domain import register_domain
from domains.services.rename_mailbox import rename_mailbox
from domains.services.require_room import Room, count_of
from domains.services.set_alias import create_alias, delete_alias
from domains.services.set_forwarder import create_forwarder, delete_forwarder
from domains.services.set_group import create_group, delete_group
from domains.services.suspend_mailbox import suspend_mailbox
from tests.conftest import until
from tests.domains.conftest import acting
from tests.domains.importing import SSHA, imported, uploaded
from tests.world import make_world, plant, unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.world import World

# whose rows count: domains, mailboxes, aliases without postmaster and abuse, forwarders, groups
THERE = {
    Room.DOMAINS: Domain.objects.all(),
    Room.MAILBOXES: Mailbox.objects.all(),
    Room.ALIASES: Alias.objects.exclude(address__localpart__in=RESERVED_LOCALPARTS),
    Room.FORWARDERS: Forwarder.objects.all(),
    Room.GROUPS: Group.objects.all(),
}


def counted(tenant: Tenant) -> list[int]:
    """Return what the counters say of a tenant and all below, and that this is what is there."""
    numbers = [count_of(room, tenant.path) for room in Room]
    there = [THERE[room].filter(tenant__path__startswith=tenant.path).count() for room in Room]
    assert numbers == there
    return numbers


def stored(*tenants: Tenant) -> tuple[int, ...]:
    """Return the bytes that are in the mailboxes of each tenant."""
    return tuple(
        sum(MailboxUsage.objects.filter(mailbox__tenant=one).values_list("bytes", flat=True))
        for one in tenants
    )


class Life:
    """Some days of a company, each deed a method; `other` is a second one of the same reseller."""

    def __init__(self, world: World) -> None:
        self.world, self.tenant, self.domain = world, world.tenant, world.domain
        self.admin, self.seller = acting(world.tenant), acting(world.reseller, Role.RESELLER)
        self.other = plant(
            Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Other "))
        )

    def opens(self) -> None:
        self.opens_one("an")
        self.opens_one("binh")

    def fills(self) -> None:
        MailboxUsage.objects.filter(mailbox__tenant=self.tenant).update(bytes=1000)

    def adds(self) -> None:
        here, actor = self.domain, self.admin
        create_alias(actor=actor, domain=here, localpart="ban", mailboxes=[f"an@{here.name}"])
        create_forwarder(actor=actor, domain=here, localpart="xa", targets=["x@partner.test"])
        create_group(
            actor=actor, domain=here, localpart="nhom", name="N", members=[f"an@{here.name}"]
        )
        register_domain(actor=actor, tenant=self.tenant, name=f"{unique('n')}.test")

    def rolls_back(self) -> None:
        with transaction.atomic():
            self.opens_one("gone")
            transaction.set_rollback(True)

    def opens_one(self, localpart: str) -> None:
        provision_mailbox(
            actor=self.admin, domain=self.domain, localpart=localpart, name="X", shared=True
        )

    def renames(self) -> None:
        box = Mailbox.objects.get(address__email=f"binh@{self.domain.name}")
        rename_mailbox(actor=self.admin, mailbox=box, domain=self.domain, localpart="bi")

    def suspends(self) -> None:
        suspend_mailbox(
            actor=self.admin, mailbox=Mailbox.objects.get(address__email=f"an@{self.domain.name}")
        )

    def imports(self) -> None:
        table = "address,name,password,aliases\n" + "".join(
            f"i{n}@{self.domain.name},I,{SSHA},{f'ia{n}@{self.domain.name}' if n % 2 else ''}\n"
            for n in range(6)
        )
        job = uploaded(self.admin, self.tenant, table, kind=JobKind.IMPORT_MAILBOXES)
        imported(self.admin, job, batch=4)

    def writes_many(self) -> None:
        for tenant in (self.tenant, self.other):
            Domain.objects.bulk_create(
                Domain(tenant=tenant, name=f"{unique('b')}.test", ownership_token="t")
                for _ in range(3)
            )

    def moves(self) -> None:
        move_domain(actor=self.seller, domain=self.domain, target=self.other)

    def deletes(self) -> None:
        actor = acting(self.other)
        delete_alias(actor=actor, alias=Alias.objects.get(address__localpart="ban"))
        delete_forwarder(actor=actor, forwarder=Forwarder.objects.get(tenant=self.other))
        delete_group(actor=actor, group=Group.objects.get(tenant=self.other))
        delete_domain(
            actor=self.admin, domain=Domain.objects.filter(tenant=self.tenant).order_by("pk")[0]
        )

    def purges(self) -> None:
        for box in Mailbox.objects.filter(tenant=self.other).select_related("address"):
            delete_mailbox(actor=acting(self.other), mailbox=box, grace_days=0)
        purge_deleted()


# each deed, and then: domains, mailboxes, aliases, forwarders, groups of the company | of the other
SERIES: tuple[tuple[Callable[[Life], None], list[int], list[int]], ...] = (
    (Life.opens, [1, 2, 0, 0, 0], [0, 0, 0, 0, 0]),
    (Life.fills, [1, 2, 0, 0, 0], [0, 0, 0, 0, 0]),
    (Life.adds, [2, 2, 1, 1, 1], [0, 0, 0, 0, 0]),
    (Life.rolls_back, [2, 2, 1, 1, 1], [0, 0, 0, 0, 0]),
    (Life.renames, [2, 2, 2, 1, 1], [0, 0, 0, 0, 0]),
    (Life.suspends, [2, 2, 2, 1, 1], [0, 0, 0, 0, 0]),
    (Life.imports, [2, 8, 5, 1, 1], [0, 0, 0, 0, 0]),
    (Life.writes_many, [5, 8, 5, 1, 1], [3, 0, 0, 0, 0]),
    (Life.moves, [4, 0, 0, 0, 0], [4, 8, 5, 1, 1]),
    (Life.deletes, [3, 0, 0, 0, 0], [4, 8, 4, 0, 0]),
    (Life.purges, [3, 0, 0, 0, 0], [4, 0, 0, 0, 0]),
)


def test_counters_follow_whatever_comes_goes_and_moves(world: World) -> None:
    life = Life(world)
    for deed, own, others in SERIES:
        deed(life)
        assert (counted(life.tenant), counted(life.other)) == (own, others), deed.__name__
        assert counted(world.reseller) == [a + b for a, b in zip(own, others, strict=True)]
        assert stored(life.tenant, life.other) == (used_in(life.tenant), used_in(life.other))
        assert wrong_rooms() == []


def test_a_wrong_counter_is_found_and_mended(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.person()
    RoomUsage.objects.filter(tenant=world.tenant, room=Room.MAILBOXES).update(used=5)
    RoomUsage.objects.filter(tenant=world.tenant, room=Room.DOMAINS).delete()
    RoomUsage.objects.create(tenant=world.tenant, room=Room.GROUPS, used=2)
    own = world.tenant.pk
    assert wrong_rooms() == [
        WrongRoom(own, "max_domains", 0, 1),
        WrongRoom(own, "max_lists", 2, 0),
        WrongRoom(own, "max_mailboxes", 5, 1),
    ]
    call_command("recount_rooms")
    assert capsys.readouterr().out.splitlines()[-1] == "3 counters were mended"
    assert wrong_rooms() == []
    assert counted(world.tenant) == [1, 1, 0, 0, 0]
    assert recount_rooms() == 0


def test_storage_of_a_domain_counted_wrong_is_mended_with_that_of_its_tenant(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    box = world.person().box
    MailboxUsage.objects.filter(mailbox=box).update(bytes=100)
    usage = DomainUsage.objects.filter(domain=world.domain)
    usage.update(bytes=130)  # the trigger carries it on
    assert wrong_storage() == [WrongStorage(world.domain.pk, 130, 100)]
    assert used_in(world.tenant) == 130
    call_command("recount_rooms")
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"domain {world.domain.pk}, bytes: 130, should be 100"
    assert said[-1] == "2 counters were mended"
    assert (usage.get().bytes, used_in(world.tenant)) == (100, 100)
    assert (wrong_storage(), recount_rooms()) == ([], 0)


def test_nobody_waits_for_a_counter_that_another_transaction_holds(live: World) -> None:
    def more(tenant: Tenant) -> None:
        Domain.objects.create(
            tenant=tenant, name=f"{unique('w')}.test", status=DomainStatus.PENDING
        )

    def beside() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                more(live.tenant)
        finally:
            connections.close_all()

    with transaction.atomic():
        more(live.tenant)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(beside).result()
        assert count_of(Room.DOMAINS, live.tenant.path) == 3
    assert counted(live.tenant) == [3, 0, 0, 0, 0]
    parts = RoomUsage.objects.filter(tenant=live.tenant, room=Room.DOMAINS)
    assert sorted(parts.values_list("used", flat=True)) == [1, 2]


def test_what_is_delivered_while_a_domain_moves_counts_for_its_new_tenant(live: World) -> None:
    box, target = live.person().box, make_world().tenant
    Mailbox.objects.filter(pk=box.pk).update(owner=None)  # people stay where they are
    MailboxUsage.objects.filter(mailbox=box).update(bytes=100)

    def delivers() -> None:
        try:
            MailboxUsage.objects.filter(mailbox=box).update(bytes=170)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            Domain.objects.filter(pk=live.domain.pk).update(tenant=target)
            late = thread.submit(delivers)
            until(somebody_waits, what="the delivery waits for the move")
        late.result()
    assert (used_in(live.tenant), used_in(target)) == (0, 170)
    assert wrong_rooms() == []


def somebody_waits() -> bool:
    """Return whether another session waits for what this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return bool(cursor.fetchone()[0])
