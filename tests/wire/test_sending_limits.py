"""Limits of a plan on the real Postfix: mail programs are told when, the webmail's outbox waits."""

from __future__ import annotations

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from accounts.models import Plan
from delivery.models import SendingCount, Submission, SubmissionState
from delivery.replies import Reason
from delivery.selectors import sending_windows
from delivery.services.retry_now import retry_now
from tests.conftest import letter, until
from tests.delivery.mail import outgoing
from tests.wire.mail import submission
from tests.world import unique

if TYPE_CHECKING:
    from accounts.models import Tenant
    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.wire


def limit(tenant: Tenant, day: int) -> None:
    """Put a tenant on a plan; a day, since a test must not stand across the turn of its window."""
    owner = tenant.parent or tenant
    plan = Plan.objects.create(tenant=owner, name=unique("Plan "), max_sent_per_day=day)
    tenant.plan = plan
    tenant.save(update_fields=["plan"])
    midnight = sending_windows(tenant.pk)[0].ends_at
    minute = timedelta(minutes=1)
    until(lambda: abs(midnight - timezone.now()) > minute, seconds=90, what="midnight is over")


def say(stack: Stack, person: Person, *to: str) -> tuple[int, str]:
    """Send from a mail program; return the reply to the last line of the message."""
    with submission(stack, person) as client:
        client.mail(person.address)
        assert {client.rcpt(address)[0] for address in to} == {250}
        code, text = client.data(letter(to[0], sender=person.address).as_bytes())
    return code, text.decode()


def used(tenant: Tenant) -> int:
    return sum(SendingCount.objects.filter(tenant=tenant).values_list("recipients", flat=True))


def test_fifty_messages_at_once_against_ten_places_leave_ten(stack: Stack, live: World) -> None:
    limit(live.tenant, 10)
    binh, chi = live.person("binh"), live.person("chi")
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda _: say(stack, binh, chi.address), range(50)))
    codes = [code for code, _text in replies]
    assert (codes.count(250), codes.count(450)) == (10, 40)
    later = next(text for code, text in replies if code == 450)
    assert later.startswith("4.7.1 ")
    assert "10 recipients today" in later
    assert used(live.tenant) == 10


def test_recipients_count_and_what_can_never_fit_is_refused_for_good(
    stack: Stack, live: World
) -> None:
    limit(live.reseller, 3)  # of a plan above: everything below counts together
    binh, chi, dung = (live.person(name) for name in ("binh", "chi", "dung"))
    assert say(stack, binh, chi.address, dung.address)[0] == 250
    assert say(stack, chi, binh.address, dung.address)[0] == 450
    assert say(stack, chi, binh.address)[0] == 250
    code, text = say(stack, binh, binh.address, chi.address, dung.address, "a@partner.test")
    assert (code, text[:5]) == (550, "5.5.3")
    assert used(live.reseller) == 3


def test_who_has_no_limit_is_not_counted(stack: Stack, live: World) -> None:
    binh = live.person("binh")
    assert say(stack, binh, live.person("chi").address)[0] == 250
    assert not SendingCount.objects.filter(tenant=live.tenant).exists()


def test_the_outbox_waits_for_the_next_window_and_sends_when_there_is_room(live: World) -> None:
    limit(live.tenant, 2)
    ha, khoi = live.person(), live.person()
    _becomes(outgoing(ha, khoi.address), SubmissionState.SENT)
    # its second recipient would be one too many: Postfix says so after the last line
    second = outgoing(ha, khoi.address, ha.address)
    until(
        lambda: Submission.objects.filter(pk=second.pk, reply_text=Reason.OVER_DAY).exists(),
        what="the second waits",
    )
    _becomes(outgoing(ha, khoi.address), SubmissionState.SENT)
    waits = outgoing(ha, khoi.address)  # now not even one place is left
    until(
        lambda: Submission.objects.filter(pk=waits.pk, reply_text=Reason.OVER_DAY).exists(),
        what="the last one waits",
    )
    second.refresh_from_db()
    [window] = sending_windows(live.tenant.pk)
    assert (second.state, second.attempts) == (SubmissionState.QUEUED, 0)
    assert second.due_at == window.ends_at
    Plan.objects.filter(tenants=live.tenant).update(max_sent_per_day=4)
    retry_now(second)
    _becomes(second, SubmissionState.SENT)
    assert used(live.tenant) == 4


def _becomes(row: Submission, state: str) -> None:
    until(
        lambda: Submission.objects.filter(pk=row.pk, state=state).exists(),
        seconds=30,
        what=f"submission becomes {state}",
    )


def test_a_program_that_is_told_later_keeps_its_session(stack: Stack, live: World) -> None:
    limit(live.tenant, 1)
    binh, chi = live.person("binh"), live.person("chi")
    with submission(stack, binh) as client:
        body = letter(chi.address, sender=binh.address).as_bytes()
        client.sendmail(binh.address, [chi.address], body)
        with pytest.raises(smtplib.SMTPDataError, match="send this again from"):
            client.sendmail(binh.address, [chi.address], body)
        assert client.noop()[0] == 250
