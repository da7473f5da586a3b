"""Limits of a plan per hour and day: counting, waiting for the next window, telling in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Plan, Role
from delivery import attention
from delivery.models import SendingCount, Submission, SubmissionState
from delivery.replies import Reason
from delivery.selectors import backlog_of, sending_windows
from delivery.services.claim import claim
from delivery.services.deliver import deliver
from delivery.services.purge import purge
from delivery.smtp import HandOver, Reply, Verdict
from delivery.words import standing
from tests.delivery.mail import outgoing
from tests.world import unique

if TYPE_CHECKING:
    from accounts.models import Tenant
    from tests.world import World

ZONE = "Asia/Ho_Chi_Minh"
AT = datetime(2030, 5, 4, 9, 59, 59, tzinfo=UTC)  # 16:59:59 there
MIDNIGHT = datetime(2030, 5, 4, 17, 0, tzinfo=UTC)


def limit(tenant: Tenant, *, hour: int | None = None, day: int | None = None) -> None:
    tenant.plan = Plan.objects.create(
        tenant=tenant.parent or tenant,
        name=unique("Plan "),
        max_sent_per_hour=hour,
        max_sent_per_day=day,
    )
    tenant.save(update_fields=["plan"])


def take(tenant: Tenant, wanted: int, at: datetime = AT) -> tuple[object, ...] | None:
    """Take places as the policy service does; None: they were there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sending_take(%s, %s, %s, %s)", [tenant.pk, wanted, ZONE, at])
        found: tuple[object, ...] | None = cursor.fetchone()
        return found


def fill(tenant: Tenant, recipients: int) -> None:
    """Use up places of this very moment."""
    assert take(tenant, recipients, timezone.now()) is None


# ---- counting


def test_what_fits_is_counted_and_what_does_not_is_not(world: World) -> None:
    limit(world.tenant, hour=5)
    assert take(world.tenant, 3) is None
    assert take(world.tenant, 3) == ("hour", 5, AT + timedelta(seconds=1))
    assert take(world.tenant, 2) is None
    assert SendingCount.objects.get(tenant=world.tenant).recipients == 5


def test_each_hour_and_each_midnight_of_the_installation_begins_anew(world: World) -> None:
    limit(world.tenant, hour=5, day=8)
    assert take(world.tenant, 5) is None
    later = AT + timedelta(hours=1)
    assert take(world.tenant, 4, later) == ("day", 8, MIDNIGHT)
    assert take(world.tenant, 3, later) is None
    assert take(world.tenant, 5, MIDNIGHT) is None


def test_a_window_without_room_leaves_the_others_untouched(world: World) -> None:
    limit(world.tenant, hour=5)
    limit(world.reseller, hour=3)
    assert take(world.tenant, 4) == ("hour", 3, AT + timedelta(seconds=1))
    counts = SendingCount.objects.filter(tenant__in=[world.tenant, world.reseller])
    assert set(counts.values_list("recipients", flat=True)) == {0}
    assert take(world.tenant, 3) is None
    assert take(world.tenant, 1) is not None


def test_what_can_never_fit_is_named_before_what_is_only_full(world: World) -> None:
    limit(world.tenant, hour=5, day=100)
    assert take(world.tenant, 5) is None
    limit(world.reseller, day=5)
    found = take(world.tenant, 6)
    assert found is not None
    assert found[1] == 5


def test_nobody_with_a_limit_means_nothing_is_written(world: World) -> None:
    limit(world.tenant)
    assert take(world.tenant, 1000) is None
    assert not SendingCount.objects.filter(tenant=world.tenant).exists()


def test_old_windows_are_forgotten_and_the_running_day_is_not(world: World) -> None:
    limit(world.tenant, hour=5, day=8)
    fill(world.tenant, 1)
    take(world.tenant, 1, timezone.now() - timedelta(days=3))
    purge()
    assert SendingCount.objects.filter(tenant=world.tenant).count() == 2


# ---- the outbox


def test_mail_waits_for_the_next_window_without_using_up_a_try(world: World) -> None:
    limit(world.tenant, day=2)
    rows = [outgoing(world.person()) for _ in range(3)]
    fill(world.tenant, 2)
    assert claim(among=[world.tenant.pk]) is None
    [window] = sending_windows(world.tenant.pk)
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts) == (SubmissionState.QUEUED, 0)
        assert (row.due_at, row.reply_text) == (window.ends_at, Reason.OVER_DAY)


def test_mail_of_the_system_is_not_held_back(world: World) -> None:
    limit(world.tenant, day=1)
    fill(world.tenant, 1)
    row = outgoing(world.person(), mailbox=None)
    claimed = claim(among=[world.tenant.pk])
    assert claimed is not None
    assert claimed.pk == row.pk


def test_a_reply_of_the_policy_service_queues_for_the_next_window(world: World) -> None:
    limit(world.tenant, day=5)
    row = outgoing(world.person(), "a@outside.test", "b@outside.test")
    fill(world.tenant, 4)  # one place is left: the row is claimed
    claimed = claim(among=[world.tenant.pk])
    assert claimed is not None
    full, taken = Reply(450, "4.7.1", "full"), Reply(250, "2.1.5", "Ok")
    to = {"a@outside.test": taken, "b@outside.test": taken}
    assert deliver(claimed, hand=lambda **_: HandOver(Verdict.LATER, full, recipients=to))
    row.refresh_from_db()
    [window] = sending_windows(world.tenant.pk)
    assert (row.state, row.attempts, row.due_at) == (SubmissionState.QUEUED, 0, window.ends_at)
    assert row.reply_text == Reason.OVER_DAY


def test_the_same_reply_without_a_full_window_is_an_ordinary_later(world: World) -> None:
    limit(world.tenant, day=5)
    row = outgoing(world.person())
    claimed = claim(among=[world.tenant.pk])
    assert claimed is not None
    deliver(claimed, hand=lambda **_: HandOver(Verdict.LATER, Reply(450, "4.7.1", "busy")))
    row.refresh_from_db()
    assert (row.attempts, row.reply_text) == (1, "4.7.1 busy")


def test_the_page_says_why_it_waits_and_until_when(world: World) -> None:
    row = outgoing(world.person())
    due = timezone.localtime().replace(hour=23, minute=0, second=0)
    Submission.objects.filter(pk=row.pk).update(due_at=due, reply_text=Reason.OVER_HOUR)
    row.refresh_from_db()
    shown = standing(row)
    assert shown.label == "Waits for the sending limit"
    assert shown.words == (
        "Your company’s sending limit of this hour is used up. It leaves at 23:00."
    )


def test_what_the_limit_holds_back_is_not_called_stuck(world: World) -> None:
    row = outgoing(world.person())
    Submission.objects.filter(pk=row.pk).update(
        created_at=timezone.now() - timedelta(hours=1),
        due_at=timezone.now() + timedelta(hours=1),
        reply_text=Reason.OVER_HOUR,
    )
    assert backlog_of(world.tenant).waiting == 0
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        assert backlog_of(world.tenant).waiting == 1


# ---- the overview


@pytest.mark.parametrize(("used", "severity"), [(7, ""), (8, "warning"), (10, "danger")])
def test_the_overview_speaks_from_eighty_per_cent(world: World, used: int, severity: str) -> None:
    limit(world.tenant, day=10)
    fill(world.tenant, used)
    actor = Actor.system(world.tenant)
    assert [row.severity for row in attention.overview(world.tenant, actor).rows] == [severity][
        : used > 7
    ]
    figure = attention.overview(world.tenant, actor).figures[-1]
    assert (figure.label, figure.value, figure.of) == ("Sent today", str(used), "10")
    [meter] = attention.plan_meters(world.tenant, actor)
    assert (meter.used, meter.limit) == (used, 10)


def test_a_plan_above_is_spoken_of_without_its_figures(world: World) -> None:
    limit(world.reseller, day=10)
    fill(world.tenant, 10)
    actor = Actor.system(world.tenant)
    [row] = attention.overview(world.tenant, actor).rows
    assert "10" not in row.text.partition(".")[0]
    assert "provider" in row.text
    assert attention.plan_meters(world.tenant, actor) == []


def test_pages_of_a_tenant_and_its_seller_show_the_meter(world: World) -> None:
    from django.test import Client

    limit(world.tenant, hour=20, day=40)
    fill(world.tenant, 12)
    browser = Client()
    browser.force_login(world.admin_of(world.reseller, Role.RESELLER).user)
    page = browser.get(f"/portal/{world.reseller.pk}/tenants/{world.tenant.pk}/").content.decode()
    assert "12 recipients" in page
    browser.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    page = browser.get(f"/portal/{world.tenant.pk}/").content.decode()
    assert "Sent this hour" in page
