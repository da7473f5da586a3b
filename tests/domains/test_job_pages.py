"""Pages of jobs seen by somebody who tries what he should not."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import AuditEvent, Membership, Role
from domains.models import Job, JobKind, JobRow, JobState, Mailbox
from domains.services.begin_job import begin_job
from domains.services.run_job import run_job
from domains.services.select_rows import select_rows
from tests.domains.conftest import acting
from tests.domains.importing import imported, uploaded
from tests.world import World, make_world

PAGES = ("", "result/")
DEEDS = ("columns/", "rows/", "begin/", "cancel/", "undo/")


@pytest.fixture
def client(world: World) -> Client:
    """The company's admin, signed in."""
    client = Client()
    client.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    return client


def test_a_job_of_another_tenant_does_not_exist(client: Client, world: World) -> None:
    foreign = make_world()
    job = Job.objects.create(
        tenant=foreign.tenant,
        kind=JobKind.MAILBOX_DELETE,
        state=JobState.READY,
        started_by_name="x",
    )
    base = f"/portal/{world.tenant.pk}/jobs/{job.pk}/"
    assert {client.get(base + page).status_code for page in PAGES} == {404}
    assert {client.post(base + deed).status_code for deed in DEEDS} == {404}
    there = f"/portal/{foreign.tenant.pk}/jobs/{job.pk}/"
    assert {client.get(there + page).status_code for page in PAGES} == {404}


def test_deeds_need_a_post_with_its_token(world: World, admin: Actor) -> None:
    world.person()
    job = select_rows(actor=admin, tenant=world.tenant, kind=JobKind.MAILBOX_SUSPEND, ids=None)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    for deed in DEEDS:
        path = f"/portal/{world.tenant.pk}/jobs/{job.pk}/{deed}"
        assert strict.get(path).status_code == 405
        assert strict.post(path).status_code == 403
    job.refresh_from_db()
    assert job.state == JobState.READY


def test_fields_that_are_not_of_the_form_change_nothing(
    client: Client, world: World, admin: Actor
) -> None:
    world.person()
    stranger = make_world().person()
    job = select_rows(actor=admin, tenant=world.tenant, kind=JobKind.MAILBOX_SUSPEND, ids=None)
    client.post(
        f"/portal/{world.tenant.pk}/jobs/{job.pk}/begin/",
        {
            "kind": "mailbox_delete",
            "grace_days": "0",
            "tenant": stranger.box.tenant_id,
            "by_system": "1",
            "quota_bytes": "1",
            "row": stranger.box.pk,
        },
    )
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert (job.kind, job.tenant_id, job.options) == (
        JobKind.MAILBOX_SUSPEND,
        world.tenant.pk,
        {},
    )
    assert Mailbox.objects.get(pk=stranger.box.pk).status == "active"


def test_where_nothing_was_done_nothing_is_offered_to_be_taken_back(
    client: Client, world: World, admin: Actor
) -> None:
    world.person()

    def suspended() -> str:
        job = select_rows(actor=admin, tenant=world.tenant, kind=JobKind.MAILBOX_SUSPEND, ids=None)
        begin_job(actor=admin, job=job)
        run_job(job_id=job.pk)
        return f"/portal/{world.tenant.pk}/jobs/{job.pk}/"

    first, second = suspended(), suspended()  # the second has nothing to do
    assert f'action="{first}undo/"' in client.get(first).content.decode()
    assert f'action="{second}undo/"' not in client.get(second).content.decode()
    assert client.post(f"{second}undo/").status_code == 409


def test_a_selection_with_a_foreign_row_takes_only_ones_own(client: Client, world: World) -> None:
    mine, stranger = world.person(), make_world().person()
    client.post(
        f"/portal/{world.tenant.pk}/jobs/selection/",
        {"kind": "mailbox_delete", "row": [mine.box.pk, stranger.box.pk, "x", "9" * 30, "-1"]},
    )
    job = Job.objects.get(tenant=world.tenant)
    assert list(JobRow.objects.filter(job=job).values_list("target_id", flat=True)) == [mine.box.pk]


@pytest.mark.parametrize("kind", ["", "undo_import", "import_mailboxes", "drop table", "ALL"])
def test_an_unknown_deed_is_refused(client: Client, world: World, kind: str) -> None:
    box = world.person().box
    answer = client.post(
        f"/portal/{world.tenant.pk}/jobs/selection/", {"kind": kind, "row": [box.pk]}
    )
    assert answer.status_code == 302
    assert not Job.objects.filter(tenant=world.tenant).exists()


def test_a_correction_reaches_only_rows_of_its_own_job(
    client: Client, world: World, admin: Actor
) -> None:
    table = f"address\ná@{world.domain.name}\n"
    mine = uploaded(admin, world.tenant, table)
    other = uploaded(admin, world.tenant, table)
    row = JobRow.objects.get(job=other)
    client.post(
        f"/portal/{world.tenant.pk}/jobs/{mine.pk}/rows/",
        {f"{row.pk}:address": f"a@{world.domain.name}", "x:y": "z", ":": "", "9" * 40: "q"},
    )
    row.refresh_from_db()
    assert row.state == "wrong"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"name,address\nx\0y,z@a.test\n", "NUL"),
        (b"x" * 10_000_001, "10 MB"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 64, ".xls"),
        (b"PK\x03\x04" + b"\0" * 64, "damaged"),
    ],
)
def test_a_hostile_upload_is_a_sentence_at_the_field(
    client: Client, world: World, content: bytes, words: str
) -> None:
    answer = client.post(
        f"/portal/{world.tenant.pk}/jobs/import/",
        {"what": "mailboxes", "file": SimpleUploadedFile("../../etc/passwd.csv", content)},
    )
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Job.objects.filter(tenant=world.tenant).exists()


def test_what_a_cell_says_is_shown_as_text(client: Client, world: World, admin: Actor) -> None:
    evil = "<img src=x onerror=alert(1)>"
    job = uploaded(admin, world.tenant, f'name,address\n"{evil}","{evil}"\n', name=evil)
    page = client.get(f"/portal/{world.tenant.pk}/jobs/{job.pk}/").content.decode()
    assert evil not in page
    assert "&lt;img src=x" in page


def test_fetching_the_links_is_written_down(world: World) -> None:
    person = world.admin_of(world.tenant, Role.COMPANY_ADMIN).user
    starter, other, client = acting(world.tenant, user=person), Client(), Client()
    client.force_login(person)
    other.force_login(world.admin_of(world.tenant, Role.COMPANY_ADMIN).user)
    job = uploaded(starter, world.tenant, f"address\na@{world.domain.name}\n")

    def fetched(by: Client) -> tuple[bool, int]:
        """Return whether there is a link in the file, and how often that was written down."""
        answer = by.get(f"/portal/{world.tenant.pk}/jobs/{job.pk}/result/?export=csv")
        content = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        noted = AuditEvent.objects.filter(action="job.links", target_id=job.pk).count()
        return "://" in content, noted

    assert fetched(client) == (False, 0)
    imported(starter, job)
    assert fetched(other) == (False, 0)
    assert fetched(client) == (True, 1)
    # an admin who became an auditor meanwhile still sees the job, and no link
    Membership.objects.filter(user=person).update(role=Role.AUDITOR)
    assert fetched(client) == (False, 1)
    page = client.get(f"/portal/{world.tenant.pk}/jobs/{job.pk}/").content.decode()
    assert "for you alone" not in page


def test_a_job_at_work_is_looked_at_without_counting_its_rows(
    client: Client, world: World, admin: Actor
) -> None:
    job = uploaded(admin, world.tenant, f"address\na@{world.domain.name}\n")

    def questions() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(f"/portal/{world.tenant.pk}/jobs/{job.pk}/", headers={"HX-Request": "true"})
        return sum("domains_jobrow" in query["sql"] for query in caught)

    begin_job(actor=admin, job=job)
    assert questions() == 0
    run_job(job_id=job.pk)
    assert questions() == 2


@pytest.mark.parametrize("page", ["jobs/", "jobs/{job}/"])
def test_the_pages_ask_the_same_number_of_questions_for_one_row_and_for_many(
    client: Client, world: World, admin: Actor, page: str
) -> None:
    d = world.domain.name

    def queries(rows: int) -> int:
        job = uploaded(
            admin, world.tenant, "address\n" + "".join(f"r{n}@{d}\n" for n in range(rows))
        )
        with CaptureQueriesContext(connection) as caught:
            client.get(f"/portal/{world.tenant.pk}/{page.format(job=job.pk)}")
        return len(caught)

    few = queries(1)
    assert queries(60) <= few <= 20
