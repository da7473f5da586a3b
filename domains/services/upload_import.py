"""Takes an uploaded table in: finds out how it is written and what its columns are."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from domains.columns import (
    CUSTOMER_COLUMNS,
    MAILBOX_COLUMNS,
    TARGET_COLUMNS,
    Column,
    columns_by_content,
    guess_columns,
    is_heading,
)
from domains.errors import JobNotReady
from domains.models import Job, JobFile, JobKind, JobRow, JobState
from domains.selectors import open_domains
from domains.services.job_rights import require_for
from domains.services.open_job import TASK, open_job
from portal.nudge import after_commit
from portal.sheets import ENCODINGS, SEPARATORS, SheetRefused, read_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from accounts.models import Tenant

MAX_BYTES = 10_000_000
SAMPLE = 5
_COLUMNS: dict[str, tuple[Column, ...]] = {
    JobKind.IMPORT_MAILBOXES: MAILBOX_COLUMNS,
    JobKind.IMPORT_ALIASES: TARGET_COLUMNS,
    JobKind.IMPORT_FORWARDERS: TARGET_COLUMNS,
    JobKind.IMPORT_CUSTOMERS: CUSTOMER_COLUMNS,
}
_NEEDED: dict[str, set[Column]] = {
    JobKind.IMPORT_MAILBOXES: {Column.ADDRESS},
    JobKind.IMPORT_ALIASES: {Column.ADDRESS, Column.TARGETS},
    JobKind.IMPORT_FORWARDERS: {Column.ADDRESS, Column.TARGETS},
    JobKind.IMPORT_CUSTOMERS: {Column.COMPANY, Column.ADMIN},
}


def columns_for(kind: str) -> tuple[Column, ...]:
    """Return the columns an import of this kind understands."""
    return _COLUMNS[kind]


def needed_for(kind: str) -> set[Column]:
    """Return the columns without which nothing can be checked."""
    return _NEEDED[kind]


def upload_import(
    *, actor: Actor, tenant: Tenant, kind: JobKind, file_name: str, content: bytes
) -> Job:
    """Keep the file and have it checked; a draft where a column it cannot do without was not found.

    Raises SheetRefused on the field `file`, NotAllowed.
    """
    if len(content) > MAX_BYTES:
        raise SheetRefused(_("The file is larger than 10 MB. Split it."), field="file")
    try:
        found = _look(content, kind, "", "")
    except SheetRefused as exc:
        exc.field = "file"
        raise
    first = open_domains(tenant).order_by("created_at", "pk").values_list("name", flat=True).first()
    options = found | {"default_domain": first or ""}
    known = {column for column in options["columns"] if column}
    state = JobState.CHECKING if needed_for(kind) <= known else JobState.DRAFT
    with transaction.atomic():
        job = open_job(
            actor=actor, tenant=tenant, kind=kind, state=state, title=file_name, options=options
        )
        JobFile.objects.create(job=job, content=content)
        if state == JobState.CHECKING:
            after_commit(TASK, job.pk)
    return job


def choose_columns(
    *,
    actor: Actor,
    job: Job,
    columns: Sequence[str],
    encoding: str = "",
    separator: str = "",
    has_heading: bool = True,
    default_domain: str = "",
) -> Job:
    """Say how the file is to be read, and have it checked anew.

    With another encoding or separator than before the columns are guessed anew. Raises
    JobNotReady, SheetRefused, NotAllowed.
    """
    require_for(actor, job)
    with transaction.atomic():
        held = hold_job(actor, job, (JobState.DRAFT, JobState.READY))
        file = JobFile.objects.filter(job=held).first()
        if file is None or not held.is_import:
            raise JobNotReady
        encoding = encoding if encoding in ENCODINGS else ""
        separator = separator if separator in SEPARATORS else ""
        options = dict(held.options)
        if (encoding, separator) != (options["encoding"], options["separator"]):
            options |= _look(bytes(file.content), held.kind, encoding, separator)
        else:
            known = columns_for(held.kind)
            wanted = [column if column in known else "" for column in columns]
            for column in known:
                if wanted.count(column) > 1:
                    raise SheetRefused(
                        _("Two columns cannot both be the same. Choose one of them."),
                        field="columns",
                    )
            options |= {"columns": wanted, "has_heading": has_heading}
        options["default_domain"] = default_domain
        JobRow.objects.filter(job=held).delete()
        held.options = options
        held.total = held.handled = held.refused = held.attempts = 0
        is_whole = needed_for(held.kind) <= set(options["columns"])
        held.state = JobState.CHECKING if is_whole else JobState.DRAFT
        held.save(update_fields=["options", "state", "total", "handled", "refused", "attempts"])
        if held.state == JobState.CHECKING:
            after_commit(TASK, held.pk)
    return held


def hold_job(actor: Actor, job: Job, states: Sequence[JobState]) -> Job:
    """Return the job locked, in one of `states`, its tenant as the actor sees it. Raises JobNotReady."""
    held = Job.objects.select_for_update().filter(pk=job.pk).first()
    if held is None or held.state not in states:
        raise JobNotReady
    held.tenant = job.tenant
    held.tenant.domain_scope = actor.domain_ids
    return held


def _look(content: bytes, kind: str, encoding: str, separator: str) -> dict[str, Any]:
    sheet = read_sheet(content, encoding=encoding, separator=separator)
    head = [cells for _line, cells in islice(sheet.rows, SAMPLE + 1)]
    if not head:
        raise SheetRefused(_("The file is empty."))
    known = columns_for(kind)
    width = max(len(cells) for cells in head)
    with_heading = is_heading(head[0])
    first = head[0] + [""] * (width - len(head[0]))
    guess = guess_columns(first, known) if with_heading else columns_by_content(first, known)
    return {
        "encoding": sheet.encoding,
        "separator": sheet.separator,
        "has_heading": with_heading,
        "columns": [column.value if column else "" for column in guess],
        "head": [[cell[:60] for cell in cells] for cells in head],
    }
