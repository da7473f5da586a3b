"""One worker gets a row; every tenant gets its turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine
from django.db import connections
from django.utils import timezone

from delivery.models import Submission, SubmissionState
from delivery.services.claim import claim
from delivery.smtp import LEASE_SECONDS
from tests.delivery.mail import AFTER_FAR_DAY, FAR_DAY, outgoing
from tests.world import make_world

if TYPE_CHECKING:
    from tests.world import World


def test_a_claim_sets_lease_and_attempt(world: World) -> None:
    row = outgoing(world.person())
    claimed = claim(among=[world.tenant.pk])
    assert claimed is not None
    assert claimed.pk == row.pk
    assert claimed.state == SubmissionState.SENDING
    assert claimed.attempts == 1
    assert claimed.lease_until is not None
    left = claimed.lease_until - timezone.now()
    assert timedelta(seconds=LEASE_SECONDS - 5) < left <= timedelta(seconds=LEASE_SECONDS)


def test_a_claimed_row_is_not_claimed_again(world: World) -> None:
    outgoing(world.person())
    assert claim(among=[world.tenant.pk]) is not None
    assert claim(among=[world.tenant.pk]) is None


def test_what_is_held_or_waits_for_its_next_try_stays(world: World) -> None:
    outgoing(world.person(), due_at=timezone.now() + timedelta(seconds=10))
    assert claim(among=[world.tenant.pk]) is None


def test_held_mail_goes_when_its_time_has_come(world: World) -> None:
    row = outgoing(world.person(), due_at=timezone.now() + timedelta(seconds=10))
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        claimed = claim(among=[world.tenant.pk])
    assert claimed is not None
    assert claimed.pk == row.pk


def test_the_oldest_of_a_tenant_is_first(world: World) -> None:
    person = world.person()
    rows = [outgoing(person) for _ in range(3)]
    got = [claim(among=[world.tenant.pk]) for _ in range(3)]
    assert [row.pk for row in got if row] == [row.pk for row in rows]


def test_one_mail_does_not_wait_behind_a_tenant_with_hundreds(world: World) -> None:
    person, other = world.person(), make_world()
    for _ in range(60):
        outgoing(person)
    single = outgoing(other.person())
    among = [world.tenant.pk, other.tenant.pk]
    before = 0
    while (claimed := claim(among=among)) is not None and claimed.pk != single.pk:
        before += 1
    assert claimed is not None
    assert before < 60  # by lot: 60 misses in a row happen once in 2**60 runs


def test_many_workers_never_share_a_row(live: World) -> None:
    person = live.person()
    rows = {outgoing(person, due_at=FAR_DAY).pk for _ in range(40)}

    def work(_: int) -> list[int]:
        mine = []
        try:
            while (claimed := claim(among=[live.tenant.pk])) is not None:
                mine.append(claimed.pk)
        finally:
            connections.close_all()
        return mine

    with time_machine.travel(AFTER_FAR_DAY), ThreadPoolExecutor(8) as pool:
        got = [pk for mine in pool.map(work, range(8)) for pk in mine]
    assert sorted(got) == sorted(rows)
    assert set(Submission.objects.filter(pk__in=rows).values_list("attempts", flat=True)) == {1}
    Submission.objects.filter(pk__in=rows).delete()
