"""Leavers' plans: who may make one, what is shown before, and that each step happens once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from accounts.errors import NotAllowed
from accounts.models import Feature, Role, User
from domains.errors import DepartureExists, TargetRefused
from domains.models import Departure, HandOver, Mailbox, MailboxStatus
from domains.selectors import steps_of
from domains.services.plan_departure import (
    Wishes,
    cancel_departure,
    draft_departure,
    plan_departure,
)
from domains.services.run_departures import run_departures
from domains.services.set_auto_reply import set_auto_reply
from domains.services.set_forwarding import set_forwarding
from domains.services.suspend_mailbox import suspend_mailbox
from portal.errors import InvalidInput, LimitReached
from tests.domains.conftest import acting

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor
    from accounts.models import Plan
    from tests.world import World


def wishes(colleague: str = "", **changes: object) -> Wishes:
    chosen: dict[str, object] = {
        "stop_due_at": timezone.now(),
        "close_days": 30,
        "hand_over": HandOver.FORWARD if colleague else HandOver.NOTHING,
        "colleague": colleague,
    }
    return Wishes(**(chosen | changes))  # type: ignore[arg-type]  # each test names its own


def test_a_draft_tells_every_step_and_changes_nothing(world: World, admin: Actor) -> None:
    leaver, heir = world.person(), world.person(name="Huy")
    draft = draft_departure(
        actor=admin,
        mailbox=leaver.box,
        wishes=wishes(heir.address, reply_text="Đã nghỉ.", forward_days=14, archive_days=90),
    )
    titles = [step.title for step in steps_of(draft)]
    assert titles == [
        "Sign-in stops",
        "Huy gets new mail",
        "Senders get an answer",
        "Forwarding ends",
        "Mailbox closes",
    ]
    assert not Departure.objects.filter(mailbox=leaver.box).exists()
    assert Mailbox.objects.get(pk=leaver.box.pk).status == MailboxStatus.ACTIVE


def test_the_button_confirms_the_plan_that_was_shown_and_no_other(
    world: World, admin: Actor
) -> None:
    assert admin.user is not None
    leaver, heir = world.person(), world.person()
    client = Client()
    client.force_login(admin.user)
    path = f"/portal/{world.tenant.pk}/mailboxes/{leaver.box.pk}/leaver/"
    chosen = {
        "close_days": "30",
        "hand_over": "nothing",
        "reply_every_days": "7",
        "archive_days": "0",
    }

    def button(data: dict[str, str]) -> str:
        page = client.post(path, data).content.decode()
        found = re.search(r'name="confirmed" value="([^"]+)"', page)
        return found[1] if found else ""

    shown = button(chosen)
    other = chosen | {"hand_over": "forward", "colleague": heir.address}
    assert button(other | {"confirmed": shown}) not in {"", shown}
    assert not Departure.objects.filter(mailbox=leaver.box).exists()
    assert client.post(path, chosen | {"confirmed": shown}).status_code == 302
    assert Departure.objects.get(mailbox=leaver.box).colleague is None


def test_nobody_plans_his_own_leaving_or_that_of_somebody_above_him(world: World) -> None:
    boss = world.person(role=Role.COMPANY_ADMIN)
    helper = acting(world.tenant, Role.DOMAIN_ADMIN)
    with pytest.raises(NotAllowed):
        plan_departure(actor=helper, mailbox=boss.box, wishes=wishes())
    with pytest.raises(NotAllowed):
        plan_departure(
            actor=acting(world.tenant, user=boss.user), mailbox=boss.box, wishes=wishes()
        )


def test_the_heir_must_be_another_mailbox_of_the_company(world: World, admin: Actor) -> None:
    leaver = world.person()
    for colleague in (leaver.address, "an@partner.test", "khong.co@" + world.domain.name):
        with pytest.raises(TargetRefused):
            draft_departure(actor=admin, mailbox=leaver.box, wishes=wishes(colleague))


def test_there_is_one_plan_for_a_mailbox(world: World, admin: Actor) -> None:
    leaver = world.person()
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes())
    with pytest.raises(DepartureExists):
        plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes())


def test_nothing_happens_before_its_day(world: World, admin: Actor) -> None:
    leaver = world.person()
    tomorrow = timezone.now() + timedelta(days=1)
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes(stop_due_at=tomorrow))
    run_departures()
    assert Mailbox.objects.get(pk=leaver.box.pk).status == MailboxStatus.ACTIVE


def test_undoing_returns_to_exactly_what_was(world: World, admin: Actor) -> None:
    leaver, heir = world.person(), world.person()
    set_forwarding(actor=admin, mailbox=leaver.box, targets=["an@partner.test"], keep_copy=False)
    plan_departure(
        actor=admin, mailbox=leaver.box, wishes=wishes(heir.address, reply_text="Đã nghỉ.")
    )
    run_departures()
    during = Mailbox.objects.get(pk=leaver.box.pk)
    assert during.status == MailboxStatus.SUSPENDED
    assert during.forward_to == ["an@partner.test", heir.address]
    assert during.keep_copy
    assert User.objects.get(pk=leaver.user.pk).suspended_at is not None
    cancel_departure(actor=admin, mailbox=leaver.box)
    after = Mailbox.objects.get(pk=leaver.box.pk)
    assert (after.status, after.forward_to, after.keep_copy) == (
        MailboxStatus.ACTIVE,
        ["an@partner.test"],
        False,
    )
    assert User.objects.get(pk=leaver.user.pk).suspended_at is None
    assert not after.auto_reply.is_enabled


def test_who_was_suspended_before_stays_so_after_undoing(world: World, admin: Actor) -> None:
    leaver = world.person()
    suspend_mailbox(actor=admin, mailbox=leaver.box)
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes())
    run_departures()
    cancel_departure(actor=admin, mailbox=leaver.box)
    assert Mailbox.objects.get(pk=leaver.box.pk).status == MailboxStatus.SUSPENDED


def test_forwarding_ends_on_its_day_and_the_mailbox_closes_on_its(
    world: World, admin: Actor
) -> None:
    leaver, heir = world.person(), world.person()
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes(heir.address, forward_days=14))
    run_departures()
    past = timezone.now() - timedelta(seconds=1)
    plans = Departure.objects.filter(mailbox=leaver.box)
    plans.update(forward_due_until=past)
    run_departures()
    assert Mailbox.objects.get(pk=leaver.box.pk).forward_to == []
    plans.update(close_due_at=past, stop_due_at=past)
    run_departures()
    assert Mailbox.objects.get(pk=leaver.box.pk).status == MailboxStatus.DELETING


def test_a_mailbox_whose_copy_is_still_missing_does_not_close(world: World, admin: Actor) -> None:
    leaver, heir = world.person(), world.person()
    plan_departure(
        actor=admin, mailbox=leaver.box, wishes=wishes(heir.address, hand_over=HandOver.COPY)
    )
    run_departures()
    past = timezone.now() - timedelta(seconds=1)
    Departure.objects.filter(mailbox=leaver.box).update(close_due_at=past, stop_due_at=past)
    run_departures()
    assert Mailbox.objects.get(pk=leaver.box.pk).status == MailboxStatus.SUSPENDED


@pytest.mark.parametrize("text", ["", "   \n", "a\x00b", "x" * 4001])
def test_a_reply_says_something_in_plain_characters(world: World, admin: Actor, text: str) -> None:
    with pytest.raises(InvalidInput):
        set_auto_reply(actor=admin, mailbox=world.person().box, text=text)


def test_a_plan_without_automatic_replies_is_told_before_and_stops_nobody_else_later(
    world: World, admin: Actor, plan: Callable[..., Plan]
) -> None:
    leaver, other = world.person(), world.person()
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes(reply_text="Đã nghỉ."))
    made = plan()
    made.left_out = [Feature.AUTO_REPLY]
    made.save(update_fields=["left_out"])
    world.tenant.refresh_from_db()
    with pytest.raises(LimitReached) as refusal:
        draft_departure(actor=admin, mailbox=other.box, wishes=wishes(reply_text="Đã nghỉ."))
    assert refusal.value.field == "reply_text"
    plan_departure(actor=admin, mailbox=other.box, wishes=wishes())
    run_departures()
    for person in (leaver, other):
        assert Mailbox.objects.get(pk=person.box.pk).status == MailboxStatus.SUSPENDED
    assert Departure.objects.get(mailbox=leaver.box).copy_error


def test_taking_a_plan_back_leaves_what_others_set_meanwhile_and_makes_no_circle(
    world: World, admin: Actor
) -> None:
    leaver, boss, heir = world.person(), world.person(), world.person()
    set_forwarding(actor=admin, mailbox=leaver.box, targets=[boss.address], keep_copy=True)
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes(heir.address))
    run_departures()
    set_forwarding(actor=admin, mailbox=leaver.box, targets=[heir.address], keep_copy=True)
    set_forwarding(actor=admin, mailbox=boss.box, targets=[leaver.address], keep_copy=True)
    cancel_departure(actor=admin, mailbox=leaver.box)
    assert Mailbox.objects.get(pk=leaver.box.pk).forward_to == []


def test_what_was_forwarded_to_before_is_left_out_when_it_leads_back_by_now(
    world: World, admin: Actor
) -> None:
    leaver, boss, heir = world.person(), world.person(), world.person()
    set_forwarding(actor=admin, mailbox=leaver.box, targets=[boss.address], keep_copy=False)
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes(heir.address))
    run_departures()
    Mailbox.objects.filter(pk=boss.box.pk).update(forward_to=[leaver.address])
    cancel_departure(actor=admin, mailbox=leaver.box)
    after = Mailbox.objects.get(pk=leaver.box.pk)
    assert (after.forward_to, after.keep_copy) == ([], True)
