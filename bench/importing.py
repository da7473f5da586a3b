"""Importing mailboxes from a table: milliseconds a row for the check and for the opening, and IMAP."""

from __future__ import annotations

import base64
import hashlib
import imaplib
import ssl
import time
from threading import Event
from uuid import uuid4

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.actor import Actor
from accounts.hashers import imported_hash
from accounts.models import AccessChange, Invitation, LoginName, Tenant, TenantKind, User
from accounts.selectors import operator_tenant
from bench.figures import Figure
from domains.models import (
    Address,
    Alias,
    AliasTarget,
    Domain,
    DomainStatus,
    Job,
    JobKind,
    JobState,
    Mailbox,
    MailboxUsage,
)
from domains.services.begin_job import begin_job
from domains.services.run_job import BATCH, run_job
from domains.services.upload_import import upload_import
from portal.config import stack

PASSWORD = "bench-import-2026"
PATIENCE_SECONDS = 600.0


def measure(*, quick: bool = False) -> list[Figure]:
    """Import 10,000 mailboxes (500 when quick) of one domain, half by hash, half by link.

    The stack's own worker does it, as for a person; the rows are deleted afterwards.
    """
    count = 500 if quick else 10_000
    tenant, domain = _place()
    hash_ = imported_hash_of(PASSWORD)
    lines = ["name,address,quota,password"]
    lines += [
        f"Người {n},p{n}@{domain.name},{1 + n % 9} GB,{hash_ if n % 2 else ''}"
        for n in range(count)
    ]
    try:
        begun = time.perf_counter()
        job = upload_import(
            actor=Actor.system(tenant),
            tenant=tenant,
            kind=JobKind.IMPORT_MAILBOXES,
            file_name="bench.csv",
            content="\n".join(lines).encode(),
        )
        _wait(job, JobState.READY)
        checked = time.perf_counter()
        begin_job(actor=Actor.system(tenant), job=job)
        _wait(job, JobState.DONE)
        done = time.perf_counter()
        address = f"p1@{domain.name}"
        _sign_in(address)
        opened = time.perf_counter()
        job.refresh_from_db()
        if job.succeeded != count:
            raise AssertionError(f"{job.succeeded} of {count} were opened: {job.message}")
        queries = _queries_of_a_batch(tenant, domain)
    finally:
        _sweep(tenant)
    return [
        Figure("import_check", round((checked - begun) * 1000 / count, 2), "ms/row", "<= 3"),
        Figure("import_open", round((done - checked) * 1000 / count, 2), "ms/row", "<= 3"),
        Figure(f"import_{count}", round(done - begun, 1), "s", "<= 30"),
        Figure("import_first_imap", round((opened - done) * 1000, 1), "ms", "<= 2000"),
        Figure("import_queries_a_batch", queries, "queries", "<= 60"),
    ]


def imported_hash_of(password: str) -> str:
    """Return an SSHA hash as another server would have stored it, checked against our reader."""
    salt = b"bench"
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    text = "{SSHA}" + base64.b64encode(digest + salt).decode()
    imported_hash(text)
    return text


def _place() -> tuple[Tenant, Domain]:
    tenant = Tenant.objects.create(
        parent=operator_tenant(), kind=TenantKind.COMPANY, name="Bench", path=uuid4().hex
    )
    above = tenant.parent.path if tenant.parent else ""
    tenant.path = f"{above}{tenant.pk}."
    tenant.save(update_fields=["path"])
    domain = Domain.objects.create(
        tenant=tenant,
        name=f"bench-{uuid4().hex[:10]}.test",
        status=DomainStatus.ACTIVE,
        ownership_token="bench",
        verified_at=timezone.now(),
    )
    return tenant, domain


def _wait(job: Job, state: JobState) -> None:
    """Return once the worker has brought the job so far."""
    pause, begun = Event(), time.monotonic()
    while time.monotonic() - begun < PATIENCE_SECONDS:
        job.refresh_from_db()
        if job.state == state:
            return
        if job.is_over:
            raise AssertionError(f"the import ended: {job.message}")
        pause.wait(0.05)
    raise AssertionError("the worker does not come to the import")


def _queries_of_a_batch(tenant: Tenant, domain: Domain) -> float:
    """Count in a transaction that is rolled back, so that no worker comes between."""
    text = "\n".join(["address", *(f"q{n}@{domain.name}" for n in range(BATCH))])
    with transaction.atomic():
        job = upload_import(
            actor=Actor.system(tenant),
            tenant=tenant,
            kind=JobKind.IMPORT_MAILBOXES,
            file_name="queries.csv",
            content=text.encode(),
        )
        run_job(job_id=job.pk)
        begin_job(actor=Actor.system(tenant), job=job)
        with CaptureQueriesContext(connection) as caught:
            run_job(job_id=job.pk)
        transaction.set_rollback(True)
    return float(len(caught))


def _sign_in(address: str) -> None:
    """Sign in over IMAPS with the password whose hash was imported."""
    trust = ssl.create_default_context(cafile=str(stack().data / "ca.pem"))
    trust.check_hostname = False
    client = imaplib.IMAP4_SSL("127.0.0.1", stack().mail_port("imaps"), ssl_context=trust)
    client.login(address, PASSWORD)
    client.select("INBOX")
    client.logout()


def _sweep(tenant: Tenant) -> None:
    Job.objects.filter(tenant=tenant).delete()
    mailboxes = Mailbox.objects.filter(tenant=tenant)
    MailboxUsage.objects.filter(mailbox__in=mailboxes).delete()
    ids = list(mailboxes.values_list("pk", flat=True))
    AliasTarget.objects.filter(tenant=tenant).delete()
    Alias.objects.filter(tenant=tenant).delete()
    mailboxes.delete()
    AccessChange.objects.filter(mailbox_id__in=ids, done_at=None).delete()
    Address.objects.filter(tenant=tenant).delete()
    Invitation.objects.filter(tenant=tenant).delete()
    LoginName.objects.filter(user__tenant=tenant).delete()
    User.objects.filter(tenant=tenant).delete()
    Domain.objects.filter(tenant=tenant).delete()
    tenant.delete()
