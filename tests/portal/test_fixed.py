"""Queries compiled once answer as the same queries made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count

from accounts.models import Membership, Role, User
from accounts.selectors import may_sign_in, session_person
from domains.models import Mailbox
from portal.fixed import Fixed

if TYPE_CHECKING:
    import pytest_django

    from tests.world import World


def test_each_call_asks_for_its_own_number(world: World) -> None:
    by_id = Fixed(
        lambda number: User.objects.annotate(roles=Count("memberships")).filter(pk=number)
    )
    an, binh = world.person(), world.person(role=Role.COMPANY_ADMIN)
    assert by_id.first(an.user.pk) == an.user
    found = by_id.first(binh.user.pk)
    assert found == binh.user
    assert found.roles == 1
    assert by_id.first(0) is None


def test_several_numbers_keep_their_places(world: World) -> None:
    own = Fixed(
        lambda user_id, mailbox_id: Mailbox.objects.filter(
            owner=user_id, pk=mailbox_id
        ).values_list("pk", "name")
    )
    an, binh = world.person(), world.person()
    assert own.rows(an.user.pk, an.box.pk) == [(an.box.pk, an.box.name)]
    assert own.rows(an.user.pk, binh.box.pk) == []


def test_the_person_of_a_session_costs_one_question(
    world: World, django_assert_num_queries: pytest_django.DjangoAssertNumQueries
) -> None:
    person = world.person()
    session_person(person.user.pk)
    with django_assert_num_queries(1):
        found = session_person(person.user.pk)
        assert found is not None
        assert may_sign_in(found)
        assert found.tenant == world.tenant
    assert found.owns_mailbox  # type: ignore[attr-defined]  # the annotation
    assert not found.holds_role  # type: ignore[attr-defined]  # the annotation


def test_a_session_ends_when_any_tenant_above_is_suspended(world: World) -> None:
    person = world.person()
    for tenant in (world.tenant, world.reseller):
        tenant.status = "suspended"
        tenant.save(update_fields=["status"])
        found = session_person(person.user.pk)
        assert found is not None
        assert not may_sign_in(found)
        tenant.status = "active"
        tenant.save(update_fields=["status"])
    found = session_person(person.user.pk)
    assert found is not None
    assert may_sign_in(found)


def test_a_suspended_neighbour_or_child_stops_nobody(world: World) -> None:
    admin = world.admin_of(world.reseller, Role.RESELLER)
    world.tenant.status = "suspended"
    world.tenant.save(update_fields=["status"])
    found = session_person(admin.user.pk)
    assert found is not None
    assert may_sign_in(found)
    assert Membership.objects.filter(user=found).exists() == found.holds_role  # type: ignore[attr-defined]
