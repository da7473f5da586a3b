"""Jobs of people whose role covers some domains: their own rows, their own jobs, asked anew each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from accounts.errors import NotAllowed
from accounts.models import Membership, Role
from accounts.selectors import place_of
from domains.models import Alias, DomainScope, Group, Job, JobKind, JobRow, JobState, Mailbox
from domains.selectors import job_of
from domains.services.begin_job import begin_job, cancel_job, undo_job
from domains.services.check_import import mend_rows
from domains.services.job_links import links_of
from domains.services.run_job import run_job
from domains.services.select_rows import select_rows
from domains.services.set_alias import create_alias
from domains.services.set_group import create_group
from domains.services.set_scope import set_scope
from tests.domains.conftest import ask, narrowed
from tests.domains.importing import imported, said, states, uploaded

if TYPE_CHECKING:
    from accounts.actor import Actor
    from tests.world import Person, World


def selected(actor: Actor, kind: JobKind, *people: Person, **wanted: Any) -> Job:
    """Open a job of these people's mailboxes; of all that match when nobody is named."""
    assert actor.tenant is not None
    ids = [person.box.pk for person in people] or None
    return select_rows(actor=actor, tenant=actor.tenant, kind=kind, ids=ids, **wanted)


def carried(actor: Actor, job: Job, **options: Any) -> Job:
    """Begin the job and carry it out."""
    begin_job(actor=actor, job=job, **options)
    run_job(job_id=job.pk)
    return Job.objects.get(pk=job.pk)


def names(job: Job) -> set[str]:
    return set(JobRow.objects.filter(job=job).values_list("name", flat=True))


def test_all_that_match_are_those_inside(world: World, admin: Actor, outside: Person) -> None:
    mine, helper = world.person(), narrowed(world, admin)
    job = selected(helper, JobKind.MAILBOX_SUSPEND)
    assert names(job) == {mine.address}
    elsewhere = {"domain": outside.box.address.domain_id}
    assert names(selected(helper, JobKind.MAILBOX_SUSPEND, mine, outside)) == {mine.address}
    shown = ask(helper, "jobs/selection/", {"kind": "mailbox_delete", "all": "1", **elsewhere})
    assert shown.status_code == 302
    assert not Job.objects.filter(kind=JobKind.MAILBOX_DELETE).exists()
    carried(helper, job)
    assert Mailbox.objects.get(pk=mine.box.pk).status == "suspended"
    assert Mailbox.objects.get(pk=outside.box.pk).status == "active"
    undo = undo_job(actor=helper, job=Job.objects.get(pk=job.pk))
    run_job(job_id=undo.pk)
    assert Mailbox.objects.get(pk=mine.box.pk).status == "active"


PAGES = ("", "result/")
DEEDS = ("columns/", "rows/", "begin/", "cancel/", "undo/")


def test_only_ones_own_jobs_are_there(world: World, admin: Actor, outside: Person) -> None:
    table = f"address\na@{world.domain.name}\n"
    helper, other = narrowed(world, admin), narrowed(world, admin)
    assert helper.tenant is not None
    own = uploaded(helper, helper.tenant, table, name="mine.csv")
    for starter in (admin, other):
        assert starter.tenant is not None
        foreign = uploaded(starter, starter.tenant, table, name="theirs.csv")
        assert {ask(helper, f"jobs/{foreign.pk}/{page}").status_code for page in PAGES} == {404}
        assert {ask(helper, f"jobs/{foreign.pk}/{deed}", {}).status_code for deed in DEEDS} == {404}
        for deed in (begin_job, cancel_job, undo_job):
            with pytest.raises(NotAllowed):
                deed(actor=helper, job=foreign)
        with pytest.raises(NotAllowed):
            mend_rows(actor=helper, job=foreign, corrections={})
    listed = ask(helper, "jobs/").content.decode()  # type: ignore[attr-defined]  # a page
    assert "mine.csv" in listed
    assert "theirs.csv" not in listed
    assert ask(helper, "jobs/import/").status_code == 200
    assert {ask(helper, f"jobs/{own.pk}/{page}").status_code for page in PAGES} == {200}
    listed = ask(admin, "jobs/").content.decode()  # type: ignore[attr-defined]  # a page
    assert "mine.csv" in listed
    assert {ask(admin, f"jobs/{own.pk}/{page}").status_code for page in PAGES} == {200}


@pytest.mark.parametrize(
    ("role", "kind", "status"),
    [
        (Role.DOMAIN_ADMIN, JobKind.MAILBOX_DELETE, 302),
        (Role.DOMAIN_ADMIN, JobKind.MAILBOX_GROUP, 302),
        (Role.DOMAIN_ADMIN, JobKind.DOMAIN_DELETE, 403),
        (Role.HELP_DESK, JobKind.MAILBOX_PASSWORD, 302),
        (Role.HELP_DESK, JobKind.MAILBOX_SUSPEND, 403),
        (Role.HELP_DESK, JobKind.MAILBOX_GROUP, 403),
    ],
)
def test_a_role_starts_what_it_allows(
    world: World, admin: Actor, role: Role, kind: JobKind, status: int
) -> None:
    mine, helper = world.person(), narrowed(world, admin, role)
    row = world.domain.pk if kind == JobKind.DOMAIN_DELETE else mine.box.pk
    answer = ask(helper, "jobs/selection/", {"kind": kind, "row": [row]})
    assert answer.status_code == status
    assert ("data-selection" in ask(helper, "mailboxes/").content.decode()) is True  # type: ignore[attr-defined]  # a page
    imports = ask(helper, "jobs/import/").status_code
    assert imports == (200 if role == Role.DOMAIN_ADMIN else 403)


def test_a_row_of_another_domain_reads_as_one_that_does_not_exist(
    world: World, admin: Actor, outside: Person
) -> None:
    helper = narrowed(world, admin)
    assert helper.tenant is not None
    there, d = outside.box.address.domain.name, world.domain.name
    create_group(actor=admin, domain=world.domain, localpart="trong", name="Trong")
    create_group(actor=admin, domain=outside.box.address.domain, localpart="ngoai", name="N")

    def words(job: Job, line: int, name: str) -> str:
        return said(job, line).replace(name, "…")

    unknown = "khong-ai.test"
    rows = [f"{{n}}@{d},{{x}}", "{n}@{x},", f"{{n}}@{d},b{{n}}@{{x}}"]
    table = "address,aliases\n" + "\n".join(
        row.format(n=f"r{place}", x=name if place % 3 else "")
        for place, (name, row) in enumerate(
            (name, row) for name in (there, unknown) for row in rows
        )
    )
    job = uploaded(helper, helper.tenant, table)
    assert states(job) == {
        2: "warning",
        3: "wrong",
        4: "wrong",
        5: "warning",
        6: "wrong",
        7: "wrong",
    }
    for line in (3, 4):
        mine = words(job, line, there).replace(f"b{'r2'}", "b")
        theirs = words(job, line + 3, unknown).replace(f"b{'r5'}", "b")
        assert mine == theirs
    taken = uploaded(helper, helper.tenant, f"address\n{outside.address}\n")
    assert words(taken, 2, there) == words(job, 3, there)
    groups = uploaded(
        helper, helper.tenant, f"address,groups\ng1@{d},trong@{d}\ng2@{d},ngoai@{there}\n"
    )
    assert states(groups) == {2: "warning", 3: "wrong"}
    alias = f"address,delivers to\nnhom@{d},{outside.address}\n"
    aliases = uploaded(helper, helper.tenant, alias, kind=JobKind.IMPORT_ALIASES)
    assert states(aliases) == {2: "wrong"}
    # and a correction is judged by the same measure
    row = JobRow.objects.get(job=job, number=3)
    assert mend_rows(actor=helper, job=job, corrections={row.pk: {"address": f"x@{there}"}}) == 0
    imported(helper, groups)
    group = Group.objects.get(address__email=f"trong@{d}")
    assert set(group.members.values_list("email", flat=True)) == {f"g1@{d}"}
    imported(helper, job)
    assert Mailbox.objects.filter(address__email=f"r0@{d}").exists()
    assert Mailbox.objects.filter(address__domain=outside.box.address.domain).count() == 1


def test_only_groups_and_aliases_inside_are_added_to(
    world: World, admin: Actor, outside: Person
) -> None:
    mine, helper = world.person(), narrowed(world, admin)
    other = outside.box.address.domain
    for domain in (world.domain, other):
        create_group(actor=admin, domain=domain, localpart="nhom", name="Nhóm")
        readers = [outside.address]
        create_alias(actor=admin, domain=domain, localpart="bd", mailboxes=readers)
    for kind, field, local in (
        (JobKind.MAILBOX_GROUP, "group", "nhom"),
        (JobKind.MAILBOX_ALIAS, "alias", "bd"),
    ):
        job = selected(helper, kind, mine)
        path = f"jobs/{job.pk}/begin/"
        assert ask(helper, path, {field: f"{local}@{other.name}"}).status_code == 422
        assert ask(helper, path, {field: f"{local}@{world.domain.name}"}).status_code == 302
        run_job(job_id=job.pk)
        assert set(states(job).values()) == {"done"}
    # one outside, handed over past the form, is not there either
    group = Group.objects.get(address__domain=other)
    forced = carried(helper, selected(helper, JobKind.MAILBOX_GROUP, mine), group_id=group.pk)
    assert forced.state == JobState.FAILED
    assert not group.members.exists()
    alias = Alias.objects.get(address__domain=other, address__localpart="bd")
    forced = carried(helper, selected(helper, JobKind.MAILBOX_ALIAS, mine), alias_id=alias.pk)
    assert forced.state == JobState.FAILED
    assert alias.targets.count() == 1


@pytest.mark.parametrize("role", [Role.DOMAIN_ADMIN, Role.HELP_DESK])
def test_links_are_made_for_people_wholly_inside(
    world: World, admin: Actor, outside: Person, role: Role
) -> None:
    mine, torn, boss = world.person(), world.person(), world.person(role=Role.HELP_DESK)
    Mailbox.objects.filter(pk=outside.box.pk).update(owner=torn.user)
    helper = narrowed(world, admin, role)
    job = carried(helper, selected(helper, JobKind.MAILBOX_PASSWORD, mine, torn, boss))
    by_name = dict(JobRow.objects.filter(job=job).values_list("name", "state"))
    assert by_name == {mine.address: "done", torn.address: "refused", boss.address: "refused"}
    assert helper.tenant is not None
    job = job_of(helper.tenant, helper.user, job.pk)
    rows = list(JobRow.objects.filter(job=job))
    assert len(links_of(helper, job, rows)) == 1
    # whoever got a mailbox outside meanwhile is no longer in his hands
    Mailbox.objects.filter(pk=outside.box.pk).update(owner=mine.user)
    assert links_of(helper, job, rows) == {}


def test_links_of_a_domain_taken_away_are_shown_no_more(
    world: World, admin: Actor, outside: Person
) -> None:
    mine, helper, other = world.person(), narrowed(world, admin), outside.box.address.domain
    assert helper.user is not None
    scope(admin, helper, world.domain.pk, other.pk)
    helper = again(helper)
    job = carried(helper, selected(helper, JobKind.MAILBOX_PASSWORD, mine, outside))

    def links() -> int:
        answer = ask(again(helper), f"jobs/{job.pk}/result/?export=csv")
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        return text.count("://")

    assert links() == 2
    scope(admin, helper, world.domain.pk)
    assert links() == 1


def scope(admin: Actor, helper: Actor, *domain_ids: int) -> None:
    """Let the helper be domain admin for these domains."""
    assert helper.user is not None
    assert admin.tenant is not None
    set_scope(
        actor=admin,
        tenant=admin.tenant,
        person=helper.user,
        role=Role.DOMAIN_ADMIN,
        domain_ids=domain_ids,
    )


def again(helper: Actor) -> Actor:
    """Return the helper as his next request makes him."""
    assert helper.user is not None
    assert helper.tenant is not None
    place = place_of(helper.user, helper.tenant.pk)
    return type(helper)(helper.user, place.tenant, place.roles, domain_ids=place.domain_ids)


def test_a_domain_taken_away_in_the_midst_of_a_job_refuses_its_rows_only(
    world: World, admin: Actor, outside: Person
) -> None:
    first, helper, other = world.person(), narrowed(world, admin), outside.box.address.domain
    scope(admin, helper, world.domain.pk, other.pk)
    helper = again(helper)
    job = selected(helper, JobKind.MAILBOX_SUSPEND, first, outside)
    begin_job(actor=helper, job=job)
    scope(admin, helper, world.domain.pk)
    run_job(job_id=job.pk, batch=1)
    by_name = dict(JobRow.objects.filter(job=job).values_list("name", "state"))
    assert by_name == {first.address: "done", outside.address: "refused"}
    assert Mailbox.objects.get(pk=outside.box.pk).status == "active"
    job.refresh_from_db()
    assert (job.state, job.refused) == (JobState.DONE, 1)
    row = JobRow.objects.get(job=job, name=outside.address)
    assert row.message == "This mailbox does not exist any more."


def test_an_import_refuses_rows_of_a_domain_taken_away_and_goes_on(
    world: World, admin: Actor, outside: Person
) -> None:
    helper, other = narrowed(world, admin), outside.box.address.domain
    scope(admin, helper, world.domain.pk, other.pk)
    helper = again(helper)
    assert helper.tenant is not None
    table = f"address\na@{other.name}\nb@{world.domain.name}\n"
    job = uploaded(helper, helper.tenant, table)
    assert "wrong" not in states(job).values()
    scope(admin, helper, world.domain.pk)
    assert imported(again(helper), job).refused == 1
    assert states(job) == {2: "refused", 3: "done"}
    alias = f"address,delivers to\nx@{world.domain.name},b@{world.domain.name}\n"
    scope(admin, helper, world.domain.pk, other.pk)
    aliases = uploaded(helper, helper.tenant, alias, kind=JobKind.IMPORT_ALIASES)
    scope(admin, helper, other.pk)
    imported(again(helper), aliases)
    assert states(aliases) == {2: "refused"}


def test_taking_back_reaches_only_what_is_still_inside(
    world: World, admin: Actor, outside: Person
) -> None:
    first, helper, other = world.person(), narrowed(world, admin), outside.box.address.domain
    scope(admin, helper, world.domain.pk, other.pk)
    job = carried(again(helper), selected(again(helper), JobKind.MAILBOX_SUSPEND, first, outside))
    scope(admin, helper, world.domain.pk)
    undo = undo_job(actor=again(helper), job=job)
    run_job(job_id=undo.pk)
    assert Mailbox.objects.get(pk=first.box.pk).status == "active"
    assert Mailbox.objects.get(pk=outside.box.pk).status == "suspended"


def test_without_any_domain_or_role_left_the_job_ends(world: World, admin: Actor) -> None:
    mine = world.person()
    for ended in ("domain", "role"):
        helper = narrowed(world, admin)
        job = selected(helper, JobKind.MAILBOX_SUSPEND, mine)
        begin_job(actor=helper, job=job)
        if ended == "domain":
            DomainScope.objects.filter(membership__user=helper.user).delete()
        else:
            Membership.objects.filter(user=helper.user).delete()
        run_job(job_id=job.pk)
        job.refresh_from_db()
        assert job.state == JobState.FAILED
        assert job.message.startswith("Whoever started this may not do it any more")
    assert Mailbox.objects.get(pk=mine.box.pk).status == "active"


def test_a_role_narrowed_in_the_midst_of_a_job_goes_on_inside(
    world: World, admin: Actor, outside: Person
) -> None:
    mine = world.person()
    helper = narrowed(world, admin)
    assert helper.user is not None
    assert admin.tenant is not None
    set_scope(
        actor=admin,
        tenant=admin.tenant,
        person=helper.user,
        role=Role.DOMAIN_ADMIN,
        domain_ids=None,
    )
    wide = again(helper)
    job = selected(wide, JobKind.MAILBOX_SUSPEND, mine, outside)
    begin_job(actor=wide, job=job)
    scope(admin, helper, world.domain.pk)
    run_job(job_id=job.pk)
    assert Mailbox.objects.get(pk=mine.box.pk).status == "suspended"
    assert Mailbox.objects.get(pk=outside.box.pk).status == "active"
