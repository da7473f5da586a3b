"""A role for some domains only: other domains are not there, and nothing else of the company is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.actor import Actor
from accounts.errors import NotAllowed
from accounts.models import Membership, Role
from accounts.selectors import place_of
from domains.models import Domain, Group, Mailbox, Sends
from domains.services.provision_mailbox import provision_mailbox
from domains.services.register_domain import register_domain
from domains.services.rename_mailbox import rename_mailbox
from domains.services.reset_password import reset_password
from domains.services.set_alias import create_alias
from domains.services.set_grant import set_grant
from domains.services.set_group import create_group
from domains.services.set_scope import set_scope
from domains.services.suspend_mailbox import suspend_mailbox
from portal.errors import InvalidInput, NotFound
from tests.domains.conftest import acting, ask, narrowed
from tests.world import Person, World, make_world, unique

if TYPE_CHECKING:
    pass

GOOD = "mưa rào tháng sáu 77"


def test_lists_show_what_is_inside_and_nothing_else(
    world: World, admin: Actor, outside: Person
) -> None:
    mine, helper = world.person(), narrowed(world, admin)
    for path in ("domains/", "mailboxes/", "aliases/", "forwarders/"):
        shown = ask(helper, path)
        assert shown.status_code == 200
        text = shown.content.decode()  # type: ignore[attr-defined]  # a whole page
        assert outside.box.address.domain.name not in text
    text = ask(helper, "mailboxes/").content.decode()  # type: ignore[attr-defined]  # a whole page
    assert mine.address in text


def test_what_lies_outside_is_not_there(world: World, admin: Actor, outside: Person) -> None:
    helper, box = narrowed(world, admin), outside.box
    other = box.address.domain_id
    for path in (f"domains/{other}/", f"domains/{other}/dns/", f"mailboxes/{box.pk}/"):
        assert ask(helper, path).status_code == 404
    for path in (f"mailboxes/{box.pk}/suspend/", f"domains/{other}/suspend/"):
        assert ask(helper, path, {}).status_code == 404
    assert ask(helper, f"mailboxes/{world.person().box.pk}/suspend/", {}).status_code == 302


def test_what_points_here_from_outside_is_counted_and_not_named(
    world: World, admin: Actor, outside: Person
) -> None:
    helper, mine, other = narrowed(world, admin), world.person(), outside.box.address.domain
    for domain in (world.domain, other):
        members = [mine.address]
        create_group(actor=admin, domain=domain, localpart="nhom", name="Nhóm", members=members)
    set_grant(actor=admin, address=outside.box.address, grantee=mine.address, sends=Sends.AS)
    page = ask(helper, f"mailboxes/{mine.box.pk}/delete/").content.decode()  # type: ignore[attr-defined]  # a page
    assert f"nhom@{world.domain.name}" in page
    assert "and 1 more" in page
    assert other.name not in page
    given = ask(helper, f"mailboxes/{mine.box.pk}/grants/").content.decode()  # type: ignore[attr-defined]  # a page
    assert other.name not in given
    group = Group.objects.get(address__domain=world.domain)
    assert ask(admin, f"groups/{group.pk}/delete/").status_code == 200
    assert Group.objects.filter(pk=group.pk).exists()


def test_what_is_about_the_whole_company_is_refused(world: World, admin: Actor) -> None:
    helper = narrowed(world, admin)
    for path in ("people/", "audit/", "settings/", "domains/new/"):
        assert ask(helper, path).status_code == 403
    assert ask(helper, "").status_code == 200


def test_services_refuse_other_domains_even_when_handed_the_object(
    world: World, admin: Actor, outside: Person
) -> None:
    helper, mine = narrowed(world, admin), world.person()
    other = outside.box.address.domain
    with pytest.raises(NotAllowed):
        suspend_mailbox(actor=helper, mailbox=outside.box)
    with pytest.raises(NotAllowed):
        provision_mailbox(actor=helper, domain=other, localpart="x", name="X", password=GOOD)
    with pytest.raises(NotAllowed):
        create_alias(actor=helper, domain=other, localpart="bd", mailboxes=[mine.address])
    with pytest.raises(NotAllowed):
        rename_mailbox(actor=helper, mailbox=mine.box, domain=other, localpart="x")
    with pytest.raises(NotAllowed):
        register_domain(actor=helper, tenant=world.tenant, name=f"{unique('m')}.test")
    made = provision_mailbox(
        actor=helper, domain=world.domain, localpart="trong", name="Trong", password=GOOD
    )
    assert Mailbox.objects.filter(pk=made.mailbox.pk).exists()


@pytest.mark.parametrize("role", [Role.DOMAIN_ADMIN, Role.HELP_DESK])
def test_passwords_are_reset_inside_only(
    world: World, admin: Actor, outside: Person, role: Role
) -> None:
    helper, mine, torn = narrowed(world, admin, role), world.person(), world.person()
    reset_password(actor=helper, mailbox=mine.box, password=GOOD)
    Mailbox.objects.filter(pk=outside.box.pk).update(owner=torn.user)
    boss = world.person(role=Role.DOMAIN_ADMIN)
    for person in (torn, boss, outside):
        with pytest.raises(NotAllowed):
            reset_password(actor=helper, mailbox=person.box, password=GOOD)


def test_a_role_without_its_domain_covers_nothing_instead_of_everything(
    world: World, admin: Actor, outside: Person
) -> None:
    helper = narrowed(world, admin)
    Domain.objects.filter(pk=world.domain.pk).delete()
    assert helper.user is not None
    assert place_of(helper.user, world.tenant.pk).domain_ids == frozenset()


def test_a_wide_role_beside_a_narrow_one_does_not_widen_it(world: World, admin: Actor) -> None:
    helper = narrowed(world, admin)
    assert helper.user is not None
    Membership.objects.create(user=helper.user, tenant=world.tenant, role=Role.AUDITOR)
    assert place_of(helper.user, world.tenant.pk).domain_ids == frozenset({world.domain.pk})
    Membership.objects.create(user=helper.user, tenant=world.tenant, role=Role.COMPANY_ADMIN)
    assert place_of(helper.user, world.tenant.pk).domain_ids is None


def test_only_roles_and_domains_of_the_company_can_be_narrowed(world: World, admin: Actor) -> None:
    auditor = world.admin_of(world.tenant, Role.AUDITOR).user
    helper = world.admin_of(world.tenant, Role.DOMAIN_ADMIN).user
    with pytest.raises(InvalidInput):
        set_scope(
            actor=admin,
            tenant=world.tenant,
            person=auditor,
            role=Role.AUDITOR,
            domain_ids=[world.domain.pk],
        )
    for ids, error in (([], InvalidInput), ([make_world().domain.pk], NotFound)):
        with pytest.raises(error):
            set_scope(
                actor=admin,
                tenant=world.tenant,
                person=helper,
                role=Role.DOMAIN_ADMIN,
                domain_ids=ids,
            )
    with pytest.raises(NotAllowed):
        set_scope(
            actor=acting(world.tenant, Role.DOMAIN_ADMIN),
            tenant=world.tenant,
            person=helper,
            role=Role.DOMAIN_ADMIN,
            domain_ids=None,
        )


def test_the_page_narrows_and_widens(world: World, admin: Actor) -> None:
    helper = world.admin_of(world.tenant, Role.DOMAIN_ADMIN).user
    path = f"people/{helper.pk}/domains/domain_admin/"
    assert world.domain.name in ask(admin, path).content.decode()  # type: ignore[attr-defined]  # a page
    one = str(world.domain.pk)
    assert ask(admin, path, {"which": "some", "shown": one, "domains": one}).status_code == 302
    assert place_of(helper, world.tenant.pk).domain_ids == frozenset({world.domain.pk})
    assert ask(admin, path, {"which": "some", "shown": one}).status_code == 422
    assert ask(admin, path, {"which": "all", "shown": one}).status_code == 302
    assert place_of(helper, world.tenant.pk).domain_ids is None


def test_groups_inside_are_there_and_others_are_not(
    world: World, admin: Actor, outside: Person
) -> None:
    helper, other, member = narrowed(world, admin), outside.box.address.domain, world.person()
    inside, beyond = (
        create_group(
            actor=admin, domain=domain, localpart="nhom", name="Nhóm", members=[member.address]
        )
        for domain in (world.domain, other)
    )
    text = ask(helper, "groups/").content.decode()  # type: ignore[attr-defined]  # a whole page
    assert inside.address.email in text
    assert other.name not in text
    assert ask(helper, f"groups/{inside.pk}/").status_code == 200
    assert ask(helper, f"groups/{beyond.pk}/").status_code == 404
    for group, status in ((inside, 302), (beyond, 404)):
        deed = {"members": world.person().address}
        assert ask(helper, f"groups/{group.pk}/members/", deed).status_code == status
    with pytest.raises(NotAllowed):
        create_group(actor=helper, domain=other, localpart="x", name="X", members=[])
