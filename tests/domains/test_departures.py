"""Leavers' plans: who may make one, what is shown before, and that each step happens once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from accounts.errors import NotAllowed
from accounts.models import AuditEvent, Feature, Role, User
from domains.attention import overview
from domains.errors import DepartureExists, TargetRefused
from domains.models import (
    Departure,
    DomainScope,
    Group,
    GroupMember,
    HandOver,
    Mailbox,
    MailboxStatus,
    MailboxUsage,
)
from domains.selectors import groups_left_of, handed_file, joined_by, steps_of
from domains.services.hand_over_mail import note_handed_over, take_file
from domains.services.plan_departure import (
    MAX_FILE_BYTES,
    Wishes,
    cancel_departure,
    draft_departure,
    plan_departure,
)
from domains.services.remind_departures import remind_departures
from domains.services.run_departures import run_departures
from domains.services.set_auto_reply import set_auto_reply
from domains.services.set_forwarding import set_forwarding
from domains.services.set_group import add_members, create_group, delete_group
from domains.services.suspend_mailbox import suspend_mailbox
from portal.errors import InvalidInput, LimitReached, NotFound
from tests.domains.conftest import acting, ask, narrowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import Plan
    from tests.world import Person, World


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

    group = create_group(
        actor=admin, domain=world.domain, localpart="ban", name="Ban", members=[heir.address]
    )

    def button(data: dict[str, str]) -> str:
        page = client.post(path, data).content.decode()
        found = re.search(r'name="confirmed" value="([^"]+)"', page)
        return found[1] if found else ""

    shown = button(chosen)
    other = chosen | {"hand_over": "forward", "colleague": heir.address}
    assert button(other | {"confirmed": shown}) not in {"", shown}
    assert not Departure.objects.filter(mailbox=leaver.box).exists()
    # a group that came in meanwhile was not shown
    chosen |= {"leave_groups": "on"}
    shown = button(chosen)
    add_members(actor=admin, group=group, members=[leaver.address])
    assert client.post(path, chosen | {"confirmed": shown}).status_code == 200
    assert group.address.email in client.post(path, chosen).content.decode()
    shown = button(chosen)
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


def test_the_mailbox_of_a_leaver_says_so_and_offers_the_plan_instead_of_resuming(
    world: World, admin: Actor, client: Client
) -> None:
    leaver = world.person()
    assert admin.user is not None
    client.force_login(admin.user)
    path = f"/portal/{world.tenant.pk}/mailboxes/{leaver.box.pk}/"
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes())
    assert "Sign-in stops" in client.get(path).content.decode()
    run_departures()
    page = client.get(path).content.decode()
    assert "Nobody signs in any more; the mailbox closes" in page
    assert f'href="{path}leaver/">See how far it is' in page
    assert f'action="{path}resume/"' not in page


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


def members(*groups: Group) -> list[list[str]]:
    rows = GroupMember.objects.order_by("email")
    return [list(rows.filter(group=group).values_list("email", flat=True)) for group in groups]


def in_groups(world: World, admin: Actor, leaver: str, other: str) -> list[Group]:
    """Make three groups with both in them, and one that the leaver reads alone."""
    return [
        create_group(
            actor=admin,
            domain=world.domain,
            localpart=local,
            name=local,
            members=[leaver, other][: 1 if local == "rieng" else 2],
        )
        for local in ("kho", "ban", "mua", "rieng")
    ]


def test_leaving_takes_out_of_the_groups_and_undoing_puts_back(world: World, admin: Actor) -> None:
    leaver, other = world.person(), world.person()
    kho, ban, mua, alone = in_groups(world, admin, leaver.address, other.address)
    chosen = wishes(leave_groups=True)
    draft = draft_departure(actor=admin, mailbox=leaver.box, wishes=chosen)
    step = next(s for s in steps_of(draft, groups=joined_by(leaver.box)) if "groups" in s.title)
    assert step.text.startswith(f"Today: ban@{world.domain.name}, kho@")
    assert f"It stays in {alone.address.email}" in step.text
    plan_departure(actor=admin, mailbox=leaver.box, wishes=chosen)
    run_departures()
    both, mine = sorted([leaver.address, other.address]), [leaver.address]
    assert members(kho, ban, mua, alone) == [[other.address]] * 3 + [mine]
    departure = Departure.objects.get(mailbox=leaver.box)
    after = steps_of(departure, groups=groups_left_of(departure))
    step = next(s for s in after if "groups" in s.title)
    assert (step.done_at is not None, ban.address.email in step.text) == (True, True)
    # meanwhile one group went, and into another somebody put him back
    delete_group(actor=admin, group=kho)
    add_members(actor=admin, group=mua, members=[leaver.address])
    assert cancel_departure(actor=admin, mailbox=leaver.box) == 1
    assert members(ban, mua, alone) == [both, both, mine]
    said = AuditEvent.objects.filter(action="group.members", target_id=ban.pk)
    assert said.count() == 2


def test_a_plan_that_does_not_say_so_leaves_groups_alone(world: World, admin: Actor) -> None:
    leaver, other = world.person(), world.person()
    groups = in_groups(world, admin, leaver.address, other.address)
    before = members(*groups)
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes())
    run_departures()
    assert members(*groups) == before
    cancel_departure(actor=admin, mailbox=leaver.box)
    assert members(*groups) == before


def test_whoever_would_send_mail_in_circles_is_not_put_back(world: World, admin: Actor) -> None:
    leaver, other = world.person(), world.person()
    (group, *_rest) = in_groups(world, admin, leaver.address, other.address)
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes(leave_groups=True))
    run_departures()
    set_forwarding(actor=admin, mailbox=leaver.box, targets=[group.address.email], keep_copy=True)
    assert cancel_departure(actor=admin, mailbox=leaver.box) == 1
    assert members(group) == [[other.address]]


def test_of_groups_in_other_domains_only_the_number_is_told(
    world: World, admin: Actor, outside: Person
) -> None:
    leaver, other, helper = world.person(), world.person(), narrowed(world, admin)
    for domain in (world.domain, outside.box.address.domain):
        create_group(
            actor=admin,
            domain=domain,
            localpart="chung",
            name="Chung",
            members=[leaver.address, other.address],
        )
    chosen = {
        "close_days": "30",
        "hand_over": "nothing",
        "reply_every_days": "7",
        "archive_days": "0",
        "leave_groups": "on",
    }
    shown = ask(helper, f"mailboxes/{leaver.box.pk}/leaver/", chosen)
    text = shown.content.decode()  # type: ignore[attr-defined]  # a page
    assert f"chung@{world.domain.name}, 1 more" in text
    assert outside.box.address.domain.name not in text


def closing(world: World, admin: Actor, *, days: int, leaver: Person | None = None) -> Person:
    """Somebody whose mailbox closes in so many days."""
    leaver = leaver or world.person()
    plan_departure(actor=admin, mailbox=leaver.box, wishes=wishes())
    run_departures()
    Departure.objects.filter(mailbox=leaver.box).update(
        stop_due_at=timezone.now() - timedelta(days=30),
        close_due_at=timezone.now() + timedelta(days=days, hours=1),
    )
    return leaver


def test_admins_are_reminded_once_in_their_language_before_the_mailbox_closes(
    world: World, admin: Actor, outside: Person
) -> None:
    assert admin.user is not None
    User.objects.filter(pk=admin.user.pk).update(language="vi")
    english = world.admin_of(world.tenant, Role.DOMAIN_ADMIN).user
    auditor = world.admin_of(world.tenant, Role.AUDITOR).user
    here, elsewhere = narrowed(world, admin), narrowed(world, admin)
    DomainScope.objects.filter(membership__user=elsewhere.user).update(
        domain=outside.box.address.domain
    )
    assert here.user is not None
    later, soon = closing(world, admin, days=8), closing(world, admin, days=6)
    mail.outbox.clear()
    remind_departures()
    remind_departures()
    told = {one.to[0]: one for one in mail.outbox if soon.address in str(one.body)}
    assert len(told) == len([one for one in mail.outbox if soon.address in str(one.body)])
    assert {admin.user.email, english.email, here.user.email} <= set(told)
    assert auditor.email not in told
    assert elsewhere.user is not None
    assert elsewhere.user.email not in told
    assert not any(later.address in str(one.body) for one in mail.outbox)
    url = f"/portal/{world.tenant.pk}/mailboxes/{soon.box.pk}/leaver/"
    assert all(url in str(one.body) for one in told.values())
    assert "closes soon" in str(told[english.email].subject)
    assert "sắp đóng" in str(told[admin.user.email].subject)


def test_the_overview_names_what_closes_within_a_week(world: World, admin: Actor) -> None:
    assert admin.tenant is not None
    later = closing(world, admin, days=8)
    assert not any("closes" in row.title for row in overview(admin.tenant, admin).rows)
    for _n in range(4):
        closing(world, admin, days=3)
    rows = [row for row in overview(admin.tenant, admin).rows if "close" in row.title]
    assert len(rows) == 4
    assert rows[-1].title == "1 more mailbox of leavers closes within a week"
    assert str(later.box.pk) not in " ".join(row.url for row in rows)
    auditor = acting(world.tenant, Role.AUDITOR)
    assert not any("closes" in row.title for row in overview(admin.tenant, auditor).rows)


def test_a_file_needs_a_person_who_signs_in_and_has_a_limit(world: World, admin: Actor) -> None:
    leaver, shared = world.person(), world.person()
    Mailbox.objects.filter(pk=shared.box.pk).update(owner=None)
    chosen = wishes(shared.address, hand_over=HandOver.FILE)
    with pytest.raises(TargetRefused):
        draft_departure(actor=admin, mailbox=leaver.box, wishes=chosen)
    MailboxUsage.objects.filter(mailbox=leaver.box).update(bytes=MAX_FILE_BYTES + 1)
    chosen = wishes(world.person().address, hand_over=HandOver.FILE)
    with pytest.raises(InvalidInput) as refusal:
        draft_departure(actor=admin, mailbox=leaver.box, wishes=chosen)
    assert refusal.value.field == "hand_over"


def test_the_colleague_is_told_of_the_file_and_alone_takes_it(world: World, admin: Actor) -> None:
    leaver, heir = world.person(), world.person(name="Huy")
    User.objects.filter(pk=heir.user.pk).update(language="vi")
    chosen = wishes(heir.address, hand_over=HandOver.FILE)
    departure = plan_departure(actor=admin, mailbox=leaver.box, wishes=chosen)
    before = [step.title for step in steps_of(departure)]
    assert "Huy gets the old mail as a file" in before
    with pytest.raises(NotFound):
        handed_file(heir.box, departure.pk)
    departure = Departure.objects.get(pk=departure.pk)
    mail.outbox.clear()
    assert note_handed_over(departure=departure, messages=3, file_bytes=2_000_000)
    (told,) = mail.outbox
    assert told.to == [heir.address]
    assert f"/mail/{heir.box.pk}/handed/{departure.pk}/" in told.body
    assert "bàn giao" in told.body
    found = handed_file(heir.box, departure.pk)
    assert take_file(actor=acting(world.tenant, user=heir.user), departure=found) == (
        f"{leaver.address}.zip"
    )
    for other in (admin, Actor.system(world.tenant)):
        with pytest.raises(NotFound):
            take_file(actor=other, departure=found)
    with pytest.raises(NotFound):
        handed_file(world.person().box, departure.pk)
    actions = AuditEvent.objects.filter(target_id=leaver.box.pk).values_list("action", flat=True)
    assert {"mailbox.file", "mailbox.file_taken"} <= set(actions)
    cancel_departure(actor=admin, mailbox=leaver.box)
    assert not note_handed_over(departure=departure, messages=3)


def test_the_overview_tells_an_admin_of_some_domains_of_these_only(
    world: World, admin: Actor, outside: Person
) -> None:
    here = closing(world, admin, days=3)
    closing(world, admin, days=3, leaver=outside)
    limited = narrowed(world, admin)
    assert limited.tenant is not None
    rows = [row for row in overview(limited.tenant, limited).rows if "close" in row.title]
    assert [here.address in row.text for row in rows] == [True]
