"""A mailbox is changed, suspended, deleted, brought back, and at last purged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from accounts.errors import NotAllowed, WeakPassword
from accounts.models import AccessChange, AuditEvent, LoginName, Membership, Role, User
from domains.errors import (
    BeingDeleted,
    ChangedMeanwhile,
    MailboxSuspended,
    NobodySignsIn,
    PersonSuspended,
    QuotaRefused,
)
from domains.models import (
    Address,
    Alias,
    CatchAll,
    DomainStatus,
    Forwarder,
    LastSignIn,
    Mailbox,
    MailboxStatus,
    MailboxUsage,
    MailHomeChange,
)
from domains.names import NameRefused
from domains.selectors import mailbox_of_person, mailboxes_of_person
from domains.services.change_mailbox import change_mailbox
from domains.services.delete_mailbox import delete_mailbox, restore_mailbox
from domains.services.provision_mailbox import provision_mailbox
from domains.services.purge_deleted import purge_deleted
from domains.services.reset_password import reset_password
from domains.services.set_alias import create_alias
from domains.services.set_catch_all import set_catch_all
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.suspend_mailbox import resume_mailbox, suspend_mailbox
from portal.errors import InvalidInput, NotFound
from tests.domains.conftest import acting
from tests.world import PASSWORD, Person, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor

GB = 1_000_000_000


@pytest.fixture
def hoa(world: World) -> Person:
    return world.person("hoa", quota_bytes=GB)


def orders(mailbox: Mailbox) -> list[bool]:
    return list(
        AccessChange.objects.filter(mailbox_id=mailbox.pk)
        .order_by("pk")
        .values_list("kick", flat=True)
    )


# ---- changing


def test_a_change_is_written_noted_and_audited(hoa: Person, admin: Actor) -> None:
    held = change_mailbox(actor=admin, mailbox=hoa.box, version=0, quota_bytes=2 * GB)
    assert (held.quota_bytes, held.version) == (2 * GB, 1)
    assert orders(hoa.box) == [False]
    event = AuditEvent.objects.get(action="mailbox.change", target_id=hoa.box.pk)
    assert event.changes == {"quota_bytes": [GB, 2 * GB]}


def test_saving_what_is_there_changes_nothing(hoa: Person, admin: Actor) -> None:
    held = change_mailbox(actor=admin, mailbox=hoa.box, version=0, quota_bytes=GB, allow_imap=True)
    assert held.version == 0
    assert orders(hoa.box) == []


def test_a_second_admin_is_told(hoa: Person, admin: Actor) -> None:
    change_mailbox(actor=admin, mailbox=hoa.box, version=0, name="Hoa Một")
    with pytest.raises(ChangedMeanwhile):
        change_mailbox(actor=admin, mailbox=hoa.box, version=0, name="Hoa Hai")
    hoa.box.refresh_from_db()
    assert hoa.box.name == "Hoa Một"


def test_a_protocol_switched_off_ends_its_sessions(hoa: Person, admin: Actor) -> None:
    change_mailbox(actor=admin, mailbox=hoa.box, version=0, allow_pop3=False)
    change_mailbox(actor=admin, mailbox=hoa.box, version=1, allow_pop3=True)
    assert orders(hoa.box) == [True, False]


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"quota_bytes": -5}, QuotaRefused, "quota"),
        ({"quota_bytes": 11 * GB}, QuotaRefused, "quota"),
        ({"name": "a\nb"}, NameRefused, "name"),
    ],
)
def test_a_bad_value_is_refused_at_its_field(
    values: dict[str, Any],
    error: type[InvalidInput],
    field: str,
    hoa: Person,
    admin: Actor,
    plan: Callable[..., object],
) -> None:
    plan(max_mailbox_bytes=10 * GB)
    with pytest.raises(error) as refused:
        change_mailbox(actor=admin, mailbox=hoa.box, version=0, **values)
    assert refused.value.field == field


# ---- suspending


def test_suspending_stops_reading_and_ends_sessions(hoa: Person, admin: Actor) -> None:
    suspend_mailbox(actor=admin, mailbox=hoa.box)
    assert orders(hoa.box) == [True]
    with pytest.raises(MailboxSuspended) as refused:
        mailbox_of_person(hoa.user, hoa.box.pk)
    assert refused.value.status == 403
    assert list(mailboxes_of_person(hoa.user)) == []
    resume_mailbox(actor=admin, mailbox=hoa.box)
    assert mailbox_of_person(hoa.user, hoa.box.pk) == hoa.box
    assert orders(hoa.box) == [True, False]


def test_suspending_twice_changes_nothing(hoa: Person, admin: Actor) -> None:
    suspend_mailbox(actor=admin, mailbox=hoa.box)
    suspend_mailbox(actor=admin, mailbox=hoa.box)
    assert orders(hoa.box) == [True]


def test_a_suspended_person_opens_none_of_his_mailboxes(hoa: Person) -> None:
    hoa.user.is_active = False
    with pytest.raises(PersonSuspended):
        mailbox_of_person(hoa.user, hoa.box.pk)
    assert list(mailboxes_of_person(hoa.user)) == []


def test_a_suspended_domain_closes_its_mailboxes(hoa: Person, world: World) -> None:
    world.domain.status = DomainStatus.SUSPENDED
    world.domain.save(update_fields=["status"])
    with pytest.raises(MailboxSuspended):
        mailbox_of_person(hoa.user, hoa.box.pk)


def test_somebody_elses_mailbox_does_not_exist(hoa: Person, world: World) -> None:
    with pytest.raises(NotFound):
        mailbox_of_person(world.person("other").user, hoa.box.pk)


# ---- passwords


def test_a_new_password_ends_every_session(hoa: Person, admin: Actor) -> None:
    reset_password(actor=admin, mailbox=hoa.box, password="mưa rơi trên mái ngói 7")
    hoa.user.refresh_from_db()
    assert hoa.user.check_password("mưa rơi trên mái ngói 7")
    assert True in orders(hoa.box)


def test_a_weak_password_is_refused_in_words(hoa: Person, admin: Actor) -> None:
    with pytest.raises(WeakPassword):
        reset_password(actor=admin, mailbox=hoa.box, password="123")
    hoa.user.refresh_from_db()
    assert hoa.user.check_password(PASSWORD)


def test_a_shared_mailbox_has_no_password(world: World, admin: Actor) -> None:
    made = provision_mailbox(
        actor=admin, domain=world.domain, localpart="kho", name="Kho", shared=True
    )
    with pytest.raises(NobodySignsIn):
        reset_password(actor=admin, mailbox=made.mailbox, password=PASSWORD)


def test_the_help_desk_resets_staff_but_not_an_admin(hoa: Person, world: World) -> None:
    desk = acting(world.tenant, Role.HELP_DESK)
    reset_password(actor=desk, mailbox=hoa.box, password="bốn từ không liên quan")
    boss = world.person("boss", role=Role.COMPANY_ADMIN)
    with pytest.raises(NotAllowed):
        reset_password(actor=desk, mailbox=boss.box, password="bốn từ không liên quan")


# ---- deleting


def test_deleting_waits_and_can_be_undone(hoa: Person, admin: Actor) -> None:
    held = delete_mailbox(actor=admin, mailbox=hoa.box)
    assert held.status == MailboxStatus.DELETING
    assert held.delete_after
    assert timedelta(days=29) < held.delete_after - timezone.now() < timedelta(days=31)
    assert orders(hoa.box) == [True]
    with pytest.raises(NotFound):
        mailbox_of_person(hoa.user, hoa.box.pk)
    assert purge_deleted() == 0
    assert restore_mailbox(actor=admin, mailbox=hoa.box).status == MailboxStatus.ACTIVE
    assert restore_mailbox(actor=admin, mailbox=hoa.box).status == MailboxStatus.ACTIVE


def test_undoing_returns_to_what_it_was(hoa: Person, admin: Actor) -> None:
    suspend_mailbox(actor=admin, mailbox=hoa.box)
    delete_mailbox(actor=admin, mailbox=hoa.box)
    delete_mailbox(actor=admin, mailbox=hoa.box, grace_days=7)
    assert restore_mailbox(actor=admin, mailbox=hoa.box).status == MailboxStatus.SUSPENDED


def test_nothing_else_is_done_to_a_mailbox_on_its_way_out(hoa: Person, admin: Actor) -> None:
    delete_mailbox(actor=admin, mailbox=hoa.box)
    with pytest.raises(BeingDeleted):
        change_mailbox(actor=admin, mailbox=hoa.box, version=1, name="X")
    with pytest.raises(BeingDeleted):
        suspend_mailbox(actor=admin, mailbox=hoa.box)
    with pytest.raises(BeingDeleted):
        reset_password(actor=admin, mailbox=hoa.box, password="bốn từ không liên quan")


def test_only_the_periods_offered_are_taken(hoa: Person, admin: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        delete_mailbox(actor=admin, mailbox=hoa.box, grace_days=-1)
    assert refused.value.field == "grace_days"


def test_purging_frees_everything_and_orders_the_home_away(
    hoa: Person, world: World, admin: Actor
) -> None:
    other = world.person("other")
    email, mailbox_id = hoa.address, hoa.box.pk
    create_alias(actor=admin, domain=world.domain, localpart="only", mailboxes=[email])
    both = create_alias(
        actor=admin, domain=world.domain, localpart="both", mailboxes=[email, other.address]
    )
    fwd = create_forwarder(actor=admin, domain=world.domain, localpart="fwd", targets=[email])
    set_catch_all(actor=admin, domain=world.domain, mailbox=email)
    set_forwarding(
        actor=admin, mailbox=other.box, targets=[email, "an@partner.test"], keep_copy=True
    )
    MailboxUsage.objects.filter(mailbox=hoa.box).update(bytes=7)
    LastSignIn.objects.create(mailbox=hoa.box, service="imap", at_epoch=1)
    delete_mailbox(actor=admin, mailbox=hoa.box, grace_days=0)

    assert purge_deleted() == 1

    assert not Mailbox.objects.filter(pk=mailbox_id).exists()
    assert not Address.objects.filter(email=email).exists()
    assert not LoginName.objects.filter(address=email).exists()
    assert not User.objects.filter(email=email).exists()
    assert not Alias.objects.filter(address__localpart="only").exists()
    assert [t.address.email for t in both.targets.all()] == [other.address]
    fwd = Forwarder.objects.get(pk=fwd.pk)
    assert (fwd.is_enabled, fwd.targets.count()) == (False, 0)
    assert not CatchAll.objects.filter(domain=world.domain).exists()
    other.box.refresh_from_db()
    assert other.box.forward_to == ["an@partner.test"]
    assert not MailboxUsage.objects.filter(pk=mailbox_id).exists()
    assert not LastSignIn.objects.filter(mailbox_id=mailbox_id).exists()
    order = MailHomeChange.objects.get(mailbox_id=mailbox_id)
    assert (order.address, order.done_at) == (email, None)
    assert AuditEvent.objects.filter(action="mailbox.purge", target_name=email).exists()


def test_a_purged_address_comes_back_empty_under_a_new_number(
    hoa: Person, world: World, admin: Actor
) -> None:
    old = hoa.box.pk
    delete_mailbox(actor=admin, mailbox=hoa.box, grace_days=0)
    purge_deleted()
    made = provision_mailbox(
        actor=admin, domain=world.domain, localpart="hoa", name="Hoa mới", password=PASSWORD
    )
    assert made.mailbox.pk != old
    assert made.is_new_person


def test_somebody_with_a_role_stays_a_person(world: World, admin: Actor) -> None:
    boss = world.person("boss", role=Role.COMPANY_ADMIN)
    delete_mailbox(actor=admin, mailbox=boss.box, grace_days=0)
    purge_deleted()
    assert Membership.objects.filter(user=boss.user).exists()


def test_the_next_mailbox_inherits_postmaster(world: World, admin: Actor) -> None:
    first = provision_mailbox(actor=admin, domain=world.domain, localpart="a", name="A")
    second = provision_mailbox(actor=admin, domain=world.domain, localpart="b", name="B")
    delete_mailbox(actor=admin, mailbox=first.mailbox, grace_days=0)
    purge_deleted()
    for alias in Alias.objects.filter(tenant=world.tenant):
        (target,) = alias.targets.all()
        assert target.address_id == second.mailbox.address_id
    delete_mailbox(actor=admin, mailbox=second.mailbox, grace_days=0)
    purge_deleted()
    assert not Alias.objects.filter(tenant=world.tenant).exists()
    assert not Address.objects.filter(domain=world.domain).exists()


@pytest.mark.parametrize("role", [Role.HELP_DESK, Role.AUDITOR])
def test_roles_that_only_look_change_nothing(role: Role, hoa: Person, world: World) -> None:
    actor = acting(world.tenant, role)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: change_mailbox(actor=actor, mailbox=hoa.box, version=0, name="X"),
        lambda: suspend_mailbox(actor=actor, mailbox=hoa.box),
        lambda: resume_mailbox(actor=actor, mailbox=hoa.box),
        lambda: delete_mailbox(actor=actor, mailbox=hoa.box),
        lambda: restore_mailbox(actor=actor, mailbox=hoa.box),
        lambda: set_forwarding(actor=actor, mailbox=hoa.box, targets=[], keep_copy=True),
    )
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()
