"""Jobs on the running stack: its worker carries them out, and Dovecot knows the result at once."""

from __future__ import annotations

import imaplib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import AuditEvent, TenantStatus, User
from domains.models import Address, Job, JobKind, JobRow, JobState, Mailbox
from domains.services.begin_job import begin_job
from domains.services.select_rows import select_rows
from domains.services.upload_import import upload_import
from tests.accounts.test_imported_hashes import SCHEMES, WORD, dovecot_hash
from tests.conftest import until
from tests.domains.conftest import acting
from tests.world import Person, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.actor import Actor

    Connect = Callable[[Person], imaplib.IMAP4_SSL]

pytestmark = pytest.mark.wire

# Takes the job before the stack's own worker does, in small batches so that there is time to kill it.
VICTIM = """
import sys, django
django.setup()
from domains.models import Job
from domains.services.run_job import run_job
Job.objects.filter(pk=int(sys.argv[1])).update(state="running")
run_job(job_id=int(sys.argv[1]), batch=4)
"""


@pytest.fixture
def actor(live: World) -> Actor:
    return acting(live.tenant)


def reached(job: Job, state: JobState) -> Job:
    """Wait until the stack's worker has brought the job so far."""

    def there() -> Job | None:
        fresh = Job.objects.get(pk=job.pk)
        assert not (fresh.is_over and fresh.state != state), fresh.message
        return fresh if fresh.state == state else None

    found = until(there, seconds=60, what=f"job {state}")
    assert found is not None
    return found


def upload(actor: Actor, live: World, table: str) -> Job:
    job = upload_import(
        actor=actor,
        tenant=live.tenant,
        kind=JobKind.IMPORT_MAILBOXES,
        file_name="people.csv",
        content=table.encode(),
    )
    return reached(job, JobState.READY)


def person_at(email: str) -> Person:
    box = Mailbox.objects.select_related("owner").get(address__email=email)
    assert box.owner is not None
    return Person(box.owner, box, WORD)


def test_every_imported_hash_opens_imap_at_once_and_becomes_argon2id_on_the_web(
    actor: Actor, live: World, imap: Connect
) -> None:
    d = live.domain.name
    rows = "".join(
        f"Người {n};p{n}@{d};{dovecot_hash(scheme)}\n" for n, scheme in enumerate(SCHEMES)
    )
    job = upload(actor, live, f"name;address;password\n{rows}")
    assert job.refused == 0
    begin_job(actor=actor, job=job)
    reached(job, JobState.DONE)
    for number, _scheme in enumerate(SCHEMES):
        person = person_at(f"p{number}@{d}")
        assert imap(person).select("INBOX")[0] == "OK"
        wrong = Person(person.user, person.mailbox, "another word 9")
        with pytest.raises(imaplib.IMAP4.error):
            imap(wrong)
        answer = Client().post("/accounts/login/", {"login": person.address, "password": WORD})
        assert answer.status_code == 302
        stored = User.objects.get(pk=person.user.pk).password
        assert stored.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
        assert imap(person).select("INBOX")[0] == "OK"


def test_a_killed_worker_leaves_no_gap_and_nothing_twice(actor: Actor, live: World) -> None:
    d, count = live.domain.name, 200
    job = upload(actor, live, "address\n" + "".join(f"k{n}@{d}\n" for n in range(count)))
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(job.pk)])
    try:
        until(lambda: Job.objects.get(pk=job.pk).handled >= 12, seconds=60, what="some batches")
    finally:
        victim.kill()
        victim.wait()
    broken = Job.objects.get(pk=job.pk)
    done = JobRow.objects.filter(job=job, state="done").count()
    assert done >= 12
    if not broken.is_over:
        assert Mailbox.objects.filter(tenant=live.tenant).count() >= done
    # Nobody starts it again: the sweeper finds it.
    reached(job, JobState.DONE)
    assert Mailbox.objects.filter(tenant=live.tenant).count() == count
    assert Address.objects.filter(domain=live.domain, mailbox__isnull=False).count() == count
    assert Job.objects.get(pk=job.pk).handled == count
    audit = AuditEvent.objects.filter(tenant_id=live.tenant.pk, action="job.done")
    assert audit.count() == 1


def test_a_tenant_suspended_while_the_import_runs_ends_it_between_two_batches(
    actor: Actor, live: World
) -> None:
    d = live.domain.name
    job = upload(actor, live, "address\n" + "".join(f"s{n}@{d}\n" for n in range(300)))
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(job.pk)])
    try:
        until(lambda: Job.objects.get(pk=job.pk).handled >= 8, seconds=60, what="some batches")
        live.tenant.status = TenantStatus.SUSPENDED
        live.tenant.save(update_fields=["status"])
        ended = until(
            lambda: Job.objects.filter(pk=job.pk, state=JobState.FAILED).first(), seconds=60
        )
    finally:
        victim.kill()
        victim.wait()
    assert ended is not None
    assert "suspended" in ended.message
    done = JobRow.objects.filter(job=job, state="done")
    boxes = Mailbox.objects.filter(tenant=live.tenant)
    assert done.count() == boxes.count() < 300
    assert set(done.values_list("target_id", flat=True)) == set(boxes.values_list("pk", flat=True))


def test_a_whole_selection_suspended_loses_its_open_sessions(
    actor: Actor, live: World, imap: Connect
) -> None:
    people = [live.person() for _n in range(3)]
    sessions = [imap(person) for person in people]
    job = select_rows(actor=actor, tenant=live.tenant, kind=JobKind.MAILBOX_SUSPEND, ids=None)
    begin_job(actor=actor, job=job)
    reached(job, JobState.DONE)

    def is_cut(session: imaplib.IMAP4_SSL) -> bool:
        try:
            session.noop()
        except (imaplib.IMAP4.abort, OSError):
            return True
        return False

    for session in sessions:
        until(lambda session=session: is_cut(session), what="the session ends")  # type: ignore[misc]
    with pytest.raises(imaplib.IMAP4.error):
        imap(people[0])
