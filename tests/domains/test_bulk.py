"""Changing a selection at once: what can be done is done, the rest says why, most can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.errors import NotAllowed
from accounts.models import AccessChange, AuditEvent, Invitation, LoginName, Role
from domains.models import Alias, Domain, Job, JobKind, JobRow, JobState, Mailbox
from domains.selectors import report_of_job
from domains.services.begin_job import CannotUndo, begin_job, may_undo, undo_job
from domains.services.delete_mailbox import delete_mailbox
from domains.services.run_job import run_job
from domains.services.select_rows import select_rows
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from domains.services.set_forwarding import set_forwarding
from domains.services.set_group import create_group
from portal.errors import InvalidInput
from tests.domains.conftest import acting
from tests.domains.importing import said, states
from tests.world import World, make_world

if TYPE_CHECKING:
    from accounts.actor import Actor

GB = 1_000_000_000


def done(actor: Actor, world: World, kind: JobKind, ids: Any = None, **options: Any) -> Job:
    """Select, begin and carry out."""
    job = select_rows(actor=actor, tenant=world.tenant, kind=kind, ids=ids)
    begin_job(actor=actor, job=job, **options)
    run_job(job_id=job.pk)
    return Job.objects.get(pk=job.pk)


def undone(actor: Actor, job: Job) -> Job:
    """Take a job back."""
    undo = undo_job(actor=actor, job=job)
    run_job(job_id=undo.pk)
    return Job.objects.get(pk=undo.pk)


def statuses(world: World) -> set[str]:
    return set(Mailbox.objects.filter(tenant=world.tenant).values_list("status", flat=True))


def test_everything_that_matches_is_suspended_and_resumed_again(world: World, admin: Actor) -> None:
    first, second = world.person(), world.person()
    Mailbox.objects.filter(pk=second.box.pk).update(status="suspended")
    job = done(admin, world, JobKind.MAILBOX_SUSPEND)
    assert statuses(world) == {"suspended"}
    assert set(states(job).values()) == {"done", "skipped"}
    assert AccessChange.objects.filter(mailbox_id=first.box.pk, kick=True).exists()
    assert undone(admin, job).state == JobState.DONE
    # who was suspended before stays so
    assert Mailbox.objects.get(pk=first.box.pk).status == "active"
    assert Mailbox.objects.get(pk=second.box.pk).status == "suspended"


def test_a_quota_is_changed_and_comes_back_where_nobody_touched_it(
    world: World, admin: Actor
) -> None:
    boxes = [world.person(quota_bytes=n * GB).box for n in (1, 2, 3)]
    job = done(admin, world, JobKind.MAILBOX_QUOTA, quota_bytes=7 * GB)
    assert set(
        Mailbox.objects.values_list("quota_bytes", flat=True).filter(tenant=world.tenant)
    ) == {7 * GB}
    Mailbox.objects.filter(pk=boxes[2].pk).update(quota_bytes=9 * GB)
    undo = undone(admin, job)
    kept = [Mailbox.objects.get(pk=box.pk).quota_bytes for box in boxes]
    assert kept == [1 * GB, 2 * GB, 9 * GB]
    assert undo.refused == 1


def test_deleting_with_grace_is_undone_and_at_once_it_is_not(world: World, admin: Actor) -> None:
    world.person()
    job = done(admin, world, JobKind.MAILBOX_DELETE, grace_days=30)
    assert statuses(world) == {"deleting"}
    undone(admin, job)
    assert statuses(world) == {"active"}
    gone = done(admin, world, JobKind.MAILBOX_DELETE, grace_days=0)
    assert not may_undo(gone)
    with pytest.raises(CannotUndo):
        undo_job(actor=admin, job=gone)


def test_taking_a_deletion_back_leaves_what_was_being_deleted_before(
    world: World, admin: Actor
) -> None:
    earlier = delete_mailbox(actor=admin, mailbox=world.person().box, grace_days=7)
    other = world.person()
    undone(admin, done(admin, world, JobKind.MAILBOX_DELETE, grace_days=30))
    after = Mailbox.objects.get(pk=earlier.pk)
    assert (after.status, after.delete_after) == ("deleting", earlier.delete_after)
    assert Mailbox.objects.get(pk=other.box.pk).status == "active"


def test_passwords_are_reset_by_links_and_only_of_those_below(world: World) -> None:
    staff = world.person()
    boss = world.person(role=Role.COMPANY_ADMIN)
    shared = world.person()
    Mailbox.objects.filter(pk=shared.box.pk).update(owner=None)
    desk = acting(world.tenant, Role.HELP_DESK)
    job = done(desk, world, JobKind.MAILBOX_PASSWORD, end_passwords=True)
    assert job.refused == 2
    assert Invitation.objects.filter(user=staff.user, accepted_at=None).exists()
    assert not Invitation.objects.filter(user=boss.user).exists()
    staff.user.refresh_from_db()
    boss.user.refresh_from_db()
    assert not staff.user.has_usable_password()
    assert boss.user.has_usable_password()
    assert AccessChange.objects.filter(mailbox_id=staff.box.pk, kick=True).exists()


def test_without_asking_for_it_the_old_password_works_on(world: World, admin: Actor) -> None:
    staff = world.person()
    done(admin, world, JobKind.MAILBOX_PASSWORD)
    staff.user.refresh_from_db()
    assert staff.user.check_password(staff.password)


def test_mailboxes_are_added_to_an_alias_and_taken_out_again(world: World, admin: Actor) -> None:
    one, two = world.person(), world.person()
    alias = create_alias(
        actor=admin, domain=world.domain, localpart="info", mailboxes=[one.address]
    )
    assert LoginName.objects.filter(address=alias.address.email).exists()
    job = done(admin, world, JobKind.MAILBOX_ALIAS, alias_id=alias.pk)
    assert {t.address_id for t in alias.targets.all()} == {one.box.address_id, two.box.address_id}
    assert not LoginName.objects.filter(address=alias.address.email).exists()
    undone(admin, job)
    assert [t.address_id for t in alias.targets.all()] == [one.box.address_id]


def test_a_mailbox_that_forwards_to_the_alias_is_not_added_to_it(
    world: World, admin: Actor
) -> None:
    one, two = world.person(), world.person()
    alias = create_alias(
        actor=admin, domain=world.domain, localpart="ring", mailboxes=[one.address]
    )
    set_forwarding(actor=admin, mailbox=two.box, targets=[alias.address.email], keep_copy=True)
    job = done(admin, world, JobKind.MAILBOX_ALIAS, [two.box.pk], alias_id=alias.pk)
    assert states(job) == {1: "refused"}


def test_an_alias_that_is_gone_ends_the_job_with_a_sentence(world: World, admin: Actor) -> None:
    world.person()
    job = done(admin, world, JobKind.MAILBOX_ALIAS, alias_id=2**40)
    assert job.state == JobState.FAILED
    assert "alias" in job.message


def test_mailboxes_are_added_to_a_group_and_taken_out_again(world: World, admin: Actor) -> None:
    one, two, ring = world.person(), world.person(), world.person()
    group = create_group(
        actor=admin, domain=world.domain, localpart="team", name="Team", members=[one.address]
    )
    set_forwarding(actor=admin, mailbox=ring.box, targets=[group.address.email], keep_copy=True)
    job = done(admin, world, JobKind.MAILBOX_GROUP, group_id=group.pk)
    assert sorted(states(job).values()) == ["done", "refused", "skipped"]
    assert {m.address_id for m in group.members.all()} == {one.box.address_id, two.box.address_id}
    event = AuditEvent.objects.get(tenant_id=world.tenant.pk, action="group.members")
    assert event.changes["members"] == [[], [two.address]]
    undone(admin, job)
    assert [m.address_id for m in group.members.all()] == [one.box.address_id]
    assert done(admin, world, JobKind.MAILBOX_GROUP, group_id=2**40).state == JobState.FAILED


def test_a_selection_asks_for_a_group_that_exists(world: World) -> None:
    who = world.person(role=Role.COMPANY_ADMIN)
    admin = acting(world.tenant, user=who.user)
    create_group(actor=admin, domain=world.domain, localpart="team", name="Team")
    job = select_rows(actor=admin, tenant=world.tenant, kind=JobKind.MAILBOX_GROUP, ids=None)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(who.user)
    page = f"/portal/{world.tenant.pk}/jobs/{job.pk}/"
    refused = client.post(f"{page}begin/", {"group": f"tema@{world.domain.name}"})
    assert refused.status_code == 422
    assert "There is no group" in refused.content.decode()
    assert client.post(f"{page}begin/", {"group": f"team@{world.domain.name}"}).status_code == 302


def test_mailboxes_of_another_tenant_cannot_be_selected(world: World, admin: Actor) -> None:
    stranger = make_world().person()
    with pytest.raises(InvalidInput):
        select_rows(
            actor=admin,
            tenant=world.tenant,
            kind=JobKind.MAILBOX_DELETE,
            ids=[stranger.box.pk],
        )
    assert (
        not Job.objects.filter(tenant=world.tenant).exists()
        or not JobRow.objects.filter(job__tenant=world.tenant).exists()
    )


def test_a_seller_changes_mailboxes_of_his_customers(world: World) -> None:
    box = world.person().box
    seller = acting(world.reseller, Role.RESELLER)
    job = select_rows(actor=seller, tenant=world.reseller, kind=JobKind.MAILBOX_SUSPEND, ids=None)
    begin_job(actor=seller, job=job)
    run_job(job_id=job.pk)
    assert Mailbox.objects.get(pk=box.pk).status == "suspended"


@pytest.mark.parametrize("kind", [JobKind.MAILBOX_DELETE, JobKind.MAILBOX_QUOTA])
def test_help_desk_resets_passwords_but_changes_nothing_else(world: World, kind: JobKind) -> None:
    world.person()
    with pytest.raises(NotAllowed):
        select_rows(
            actor=acting(world.tenant, Role.HELP_DESK), tenant=world.tenant, kind=kind, ids=None
        )


def test_aliases_forwarders_and_empty_domains_are_deleted_together(
    world: World, admin: Actor
) -> None:
    staff = world.person()
    create_alias(actor=admin, domain=world.domain, localpart="a", mailboxes=[staff.address])
    create_forwarder(actor=admin, domain=world.domain, localpart="f", targets=["x@partner.test"])
    done(admin, world, JobKind.ALIAS_DELETE)
    done(admin, world, JobKind.FORWARDER_DELETE)
    assert not Alias.objects.filter(tenant=world.tenant, address__localpart="a").exists()
    empty = Domain.objects.create(
        tenant=world.tenant, name=f"empty.{world.domain.name}", ownership_token="t"
    )
    job = done(admin, world, JobKind.DOMAIN_DELETE)
    assert not Domain.objects.filter(pk=empty.pk).exists()
    assert Domain.objects.filter(pk=world.domain.pk).exists()
    assert "1 mailbox" in said(job, JobRow.objects.get(job=job, state="refused").number)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (JobKind.MAILBOX_SUSPEND, {}),
        (JobKind.MAILBOX_QUOTA, {"quota_bytes": GB}),
        (JobKind.MAILBOX_DELETE, {"grace_days": 30}),
        (JobKind.MAILBOX_PASSWORD, {}),
    ],
)
def test_the_queries_do_not_grow_with_the_selection(
    world: World, admin: Actor, kind: JobKind, options: dict[str, Any]
) -> None:
    def queries(count: int) -> int:
        ids = [world.person().box.pk for _n in range(count)]
        job = select_rows(actor=admin, tenant=world.tenant, kind=kind, ids=ids)
        begin_job(actor=admin, job=job, **options)
        with CaptureQueriesContext(connection) as caught:
            run_job(job_id=job.pk)
        assert Job.objects.get(pk=job.pk).refused == 0
        return len(caught)

    queries(1)
    assert queries(12) <= queries(2)


def test_all_that_match_of_domains_are_those_of_the_filter(world: World, admin: Actor) -> None:
    wanted = Domain.objects.create(
        tenant=world.tenant, name=f"khop.{world.domain.name}", ownership_token="t"
    )
    job = select_rows(
        actor=admin, tenant=world.tenant, kind=JobKind.DOMAIN_DELETE, ids=None, part="khop."
    )
    assert list(job.rows.values_list("target_id", flat=True)) == [wanted.pk]


def test_the_report_names_what_points_here_and_what_bounces(world: World, admin: Actor) -> None:
    going, staying = world.person("going"), world.person("staying")
    d = world.domain
    create_alias(actor=admin, domain=d, localpart="only", mailboxes=[going.address])
    create_alias(
        actor=admin, domain=d, localpart="both", mailboxes=[going.address, staying.address]
    )
    create_forwarder(actor=admin, domain=d, localpart="fwd", targets=[going.address])
    set_forwarding(actor=admin, mailbox=staying.box, targets=[going.address], keep_copy=False)
    alone, pair = [going.address], [going.address, staying.address]
    create_group(actor=admin, domain=d, localpart="alone", name="Nhóm", members=alone)
    create_group(actor=admin, domain=d, localpart="pair", name="Nhóm", members=pair)
    job = select_rows(
        actor=admin, tenant=world.tenant, kind=JobKind.MAILBOX_DELETE, ids=[going.box.pk]
    )
    report = report_of_job(world.tenant, job)
    told = {pointer.address.partition("@")[0]: pointer.bounces for pointer in report.pointers}
    assert told == {
        "only": True,
        "both": False,
        "fwd": True,
        "staying": True,
        "alone": True,
        "pair": False,
    }
    assert (report.total, report.bouncing, report.more) == (6, 4, 0)
