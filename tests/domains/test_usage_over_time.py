"""Use is written down once a day; owners hear of a filling mailbox once for each crossing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.utils import timezone

from domains.models import MailboxUsage, QuotaNotice, UsageSample
from domains.selectors import usage_over_time
from domains.services.sample_usage import KEEP, sample_usage
from domains.services.warn_full import warn_full
from tests.world import World, unique

if TYPE_CHECKING:
    from django.test import Client

    from accounts.actor import Actor
    from domains.models import Mailbox

QUOTA = 1000


def use(box: Mailbox, used: int) -> None:
    MailboxUsage.objects.filter(mailbox=box).update(bytes=used)


def warned(box: Mailbox) -> list[str]:
    """Let the clock go round; return the subjects of all mail the owner has got about it."""
    warn_full(batch=100_000)
    return [str(one.subject) for one in mail.outbox if one.to == [box.address.email]]


@pytest.fixture
def box(world: World) -> Mailbox:
    return world.person(name="Mai", quota_bytes=QUOTA).box


def test_a_day_has_one_row_that_counts_everything_below(world: World, box: Mailbox) -> None:
    use(box, 700)
    sample_usage()
    use(box, 900)
    sample_usage()
    for tenant in (world.tenant, world.reseller):
        (sample,) = usage_over_time(tenant)
        assert (sample.domains, sample.mailboxes, sample.bytes) == (1, 1, 900)
        assert sample.taken_on == timezone.now().date()


def test_samples_are_forgotten_after_two_years(world: World) -> None:
    old = timezone.now().date() - KEEP - timedelta(days=1)
    UsageSample.objects.create(tenant=world.tenant, taken_on=old, domains=1, mailboxes=1, bytes=1)
    sample_usage()
    assert not UsageSample.objects.filter(tenant=world.tenant, taken_on=old).exists()


def test_each_crossing_is_told_once(box: Mailbox) -> None:
    use(box, 799)
    assert warned(box) == []
    use(box, 800)
    assert warned(box) == ["Your mailbox is 80 % full"]
    use(box, 940)
    assert len(warned(box)) == 1
    use(box, 960)
    assert warned(box)[1:] == ["Your mailbox is 96 % full"]
    assert len(warned(box)) == 2


def test_a_little_up_and_down_at_the_line_is_no_new_crossing(box: Mailbox) -> None:
    for used in (810, 790, 810, 760, 805):
        use(box, used)
        warned(box)
    assert len(warned(box)) == 1
    use(box, 690)
    warned(box)
    assert not QuotaNotice.objects.filter(mailbox=box).exists()
    use(box, 810)
    assert len(warned(box)) == 2


def test_more_room_ends_the_warning(box: Mailbox) -> None:
    use(box, 990)
    warned(box)
    box.quota_bytes = 0
    box.save(update_fields=["quota_bytes"])
    assert len(warned(box)) == 1
    assert not QuotaNotice.objects.filter(mailbox=box).exists()


def test_the_warning_speaks_the_owners_language(world: World) -> None:
    person = world.person(name="Mai", quota_bytes=QUOTA)
    person.user.language = "vi"
    person.user.save(update_fields=["language"])
    use(person.box, 960)
    (subject,) = warned(person.box)
    assert subject == "Hộp thư của bạn đã đầy 96 %"
    assert "960" in mail.outbox[-1].body
    assert "dọn sạch thùng rác" in mail.outbox[-1].body


def test_the_overview_draws_how_use_grew(
    world: World, admin: Actor, client: Client, box: Mailbox
) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    page = f"/portal/{world.tenant.pk}/"
    assert "<polyline" not in client.get(page).content.decode()
    for days in (2, 1):
        UsageSample.objects.create(
            tenant=world.tenant,
            taken_on=timezone.now().date() - timedelta(days=days),
            domains=1,
            mailboxes=days,
            bytes=days * 10**9,
        )
    text = client.get(page).content.decode()
    assert text.count("<polyline") == 3
    assert "2 GB on" in text


def test_a_plan_that_is_nearly_used_up_is_said_in_time(
    world: World, admin: Actor, client: Client, box: Mailbox
) -> None:
    from accounts.models import Plan

    assert admin.user is not None
    client.force_login(admin.user)
    page = f"/portal/{world.tenant.pk}/"
    plan = Plan.objects.create(tenant=world.reseller, name=unique("Plan "), max_mailboxes=10)
    world.tenant.plan = plan
    world.tenant.save(update_fields=["plan"])
    for _ in range(7):
        world.person()
    assert "room for few more mailboxes" not in client.get(page).content.decode()
    world.person()
    assert "room for few more mailboxes" in client.get(page).content.decode()


def test_a_new_company_is_led_in_three_steps(world: World, admin: Actor, client: Client) -> None:
    assert admin.user is not None
    client.force_login(admin.user)
    page = f"/portal/{world.tenant.pk}/"
    text = client.get(page).content.decode()
    assert "Three steps to your first mail" in text
    assert "Open the first mailbox" in text
    world.person()
    assert "Three steps" not in client.get(page).content.decode()
