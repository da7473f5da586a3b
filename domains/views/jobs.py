"""Jobs: the list, one of them while it waits, runs and is over, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.http import TenantRequest, permission
from accounts.roles import Action
from accounts.selectors import plans_of
from domains.columns import LABELS, Column
from domains.forms import BEGIN_FORMS, BeginForm, BeginPlanForm, ColumnsForm, SelectionForm
from domains.models import JobKind, JobState, RowState
from domains.selectors import (
    JOB_FILTERS,
    ROW_FILTERS,
    alias_at,
    group_at,
    job_of,
    job_rows,
    jobs_of,
    ownership_records,
    report_of_job,
    row_counts,
    too_small_for,
)
from domains.services.begin_job import begin_job, cancel_job, may_undo, undo_job, undo_until
from domains.services.carry_plans import ROOMS
from domains.services.check_import import needed_room, room_for
from domains.services.check_quota import largest_quota, offered_quota
from domains.services.job_links import WITH_LINKS, has_links, links_of
from domains.services.job_rights import NEEDS
from domains.services.note_links import note_links
from domains.services.run_job import progress_of
from domains.services.select_rows import select_rows
from domains.services.upload_import import columns_for
from portal.exports import batches, export, export_asked, moment_text
from portal.forms import attempt
from portal.http import page, wants_fragment
from portal.paging import paged
from portal.templatetags.ui import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponseBase

    from domains.models import Job, JobRow
    from domains.selectors import TooSmall
    from portal.sheets.writing import Cell

_DELETIONS = (
    JobKind.MAILBOX_DELETE,
    JobKind.ALIAS_DELETE,
    JobKind.FORWARDER_DELETE,
    JobKind.DOMAIN_DELETE,
)
_LISTS = {
    JobKind.IMPORT_CUSTOMERS: "accounts:tenant-list",
    JobKind.UNDO_CUSTOMERS: "accounts:tenant-list",
    JobKind.CUSTOMER_PLAN: "accounts:tenant-list",
    JobKind.IMPORT_ALIASES: "domains:alias-list",
    JobKind.ALIAS_DELETE: "domains:alias-list",
    JobKind.IMPORT_FORWARDERS: "domains:forwarder-list",
    JobKind.FORWARDER_DELETE: "domains:forwarder-list",
    JobKind.DOMAIN_DELETE: "domains:domain-list",
}


@require_GET
@permission(Action.MAILBOX_VIEW)
def job_list(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """List the jobs, newest first."""
    shown = request.GET.get("show", "")
    shown = shown if shown in JOB_FILTERS else ""
    rows = jobs_of(request.tenant, request.user, shown=shown)
    if export_asked(request):
        heads = (_("Job"), _("What"), _("State"), _("Rows"), _("Refused"), _("Who"), _("Started"))
        return export(
            request, _("Jobs"), heads, (_job_cells(job) for job in rows.iterator(chunk_size=500))
        )
    found = paged(rows, request.GET)
    context = {
        "here": "jobs",
        "page": found,
        "shown": shown,
        "busy": any(job.is_at_work for job in found.rows),
        "may_import": request.actor.may(Action.MAILBOX_CREATE),
    }
    return page(request, "domains/job_list.html", context, fragment="domains/_jobs.html")


@never_cache
@require_GET
@permission(Action.MAILBOX_VIEW)
def job_detail(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponse:
    """Show a job: its rows, and what can be done next."""
    return _shown(request, job_of(request.tenant, request.user, job_id))


@require_POST
@permission(Action.MAILBOX_VIEW)
def selection_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Make a job of the rows ticked in a list, or of all that match its filter."""
    form = SelectionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing is selected. Tick at least one row."))
        return redirect(form.back(tenant_id))
    data = form.cleaned_data
    job = attempt(
        form,
        select_rows,
        actor=request.actor,
        tenant=request.tenant,
        kind=JobKind(data["kind"]),
        ids=None if data["all"] else data["row"],
        part=data["q"],
        state=data["show"],
        domain_id=data["domain"] or 0,
    )
    if job is None:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
        return redirect(form.back(tenant_id))
    return redirect("domains:job-detail", tenant_id, job.pk)


@require_POST
@permission(Action.MAILBOX_VIEW)
def job_begin(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponse:
    """Let it run."""
    job = job_of(request.tenant, request.user, job_id)
    form = _begin_form(job, request.POST)
    if form.is_valid() and attempt(form, _begin, request, job, form):
        return redirect("domains:job-detail", tenant_id, job_id)
    return _shown(request, job, form=form, status=422)


@require_POST
@permission(Action.MAILBOX_VIEW)
def job_cancel(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponse:
    """Stop it."""
    job = job_of(request.tenant, request.user, job_id)
    waits = job.state in {JobState.DRAFT, JobState.READY}
    cancel_job(actor=request.actor, job=job)
    if waits:
        messages.success(request, _("Nothing was changed."))
        return redirect(_LISTS.get(JobKind(job.kind), "domains:mailbox-list"), tenant_id)
    return redirect("domains:job-detail", tenant_id, job_id)


@require_POST
@permission(Action.MAILBOX_VIEW)
def job_undo(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponse:
    """Take back what it did."""
    undo = undo_job(actor=request.actor, job=job_of(request.tenant, request.user, job_id))
    return redirect("domains:job-detail", tenant_id, undo.pk)


@never_cache
@require_GET
@permission(Action.MAILBOX_VIEW)
def job_result(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponseBase:
    """Give every row with what became of it; whoever started the job also gets the links."""
    job = job_of(request.tenant, request.user, job_id)
    shown = request.GET.get("show", "")
    rows = job_rows(job, shown=shown)
    columns = columns_for(job.kind) if job.is_import else ()
    columns = tuple(column for column in columns if column != Column.PASSWORD)
    heads = [_("Line"), *(LABELS[column] for column in columns)]
    if not job.is_import:
        heads.append(LABELS[_lead(job)])
    heads += [_("Result"), _("Note")]
    with_links = job.kind in WITH_LINKS
    if with_links:
        heads.append(_("Link"))
    of_customers = job.kind == JobKind.IMPORT_CUSTOMERS
    if of_customers:
        heads += [_("Domain to prove"), _("TXT record"), _("Value")]

    def cells() -> Iterator[list[Cell]]:
        is_noted = False
        for chunk in batches(rows):
            links = links_of(request.actor, job, chunk)
            if links and not is_noted:
                note_links(actor=request.actor, job=job)
                is_noted = True
            records = ownership_records(job, chunk) if of_customers else {}
            for row in chunk:
                known = _row_cells(row, columns, links.get(row.pk, ""), with_links=with_links)
                # a customer's line is repeated for each domain, so that lines can be filtered
                for record in records.get(row.target_id, [("", "", "")] if of_customers else [()]):
                    yield [*known, *record]

    return export(request, str(job), heads, cells())


def _row_cells(
    row: JobRow, columns: tuple[Column, ...], link: str, *, with_links: bool
) -> list[Cell]:
    cells: list[Cell] = [row.number]
    cells += [row.values.get(column, "") for column in columns] if columns else [row.name]
    cells += [str(RowState(row.state).label), row.message]
    return [*cells, link] if with_links else cells


def _job_cells(job: Job) -> list[Cell]:
    return [
        str(job),
        str(JobKind(job.kind).label),
        str(JobState(job.state).label),
        job.total,
        job.refused,
        job.started_by_name,
        moment_text(job.created_at),
    ]


def _lead(job: Job) -> Column:
    """Return the column that names a row."""
    if job.kind in {JobKind.UNDO_CUSTOMERS, JobKind.CUSTOMER_PLAN}:
        return Column.COMPANY
    return columns_for(job.kind)[0] if job.is_import else Column.ADDRESS


def _shown_columns(job: Job) -> list[Column]:
    """Return the columns of the preview after the first: those the file has."""
    named = job.options.get("columns", [])
    return [c for c in columns_for(job.kind) if c != _lead(job) and c in named]


def _begin(request: TenantRequest, job: Job, form: BeginForm) -> bool:
    options = form.options()
    if job.kind == JobKind.MAILBOX_ALIAS:
        options["alias_id"] = alias_at(request.tenant, form.cleaned_data["alias"]).pk
    if job.kind == JobKind.MAILBOX_GROUP:
        options["group_id"] = group_at(request.tenant, form.cleaned_data["group"]).pk
    begin_job(actor=request.actor, job=job, **options)
    return True


def _begin_form(job: Job, data: Any = None) -> BeginForm:
    if job.kind == JobKind.CUSTOMER_PLAN:
        return BeginPlanForm(data, plans=list(plans_of(job.tenant)))
    quota = offered_quota(largest_quota(job.tenant))
    return BEGIN_FORMS.get(JobKind(job.kind), BeginForm)(data, initial={"quota": quota})


def _too_small(job: Job) -> list[tuple[TooSmall, str]]:
    """Return the plans that some of the customers have outgrown, each with what they have more of."""
    words = _("%(what)s (%(n)s)")
    return [
        (
            one,
            ", ".join(
                words % {"what": label, "n": number(one.rooms[room])}
                for room, (label, _text) in ROOMS.items()
                if room in one.rooms
            ),
        )
        for one in too_small_for(job)
    ]


def _shown(
    request: TenantRequest, job: Job, *, form: BeginForm | None = None, status: int = 200
) -> HttpResponse:
    shown = request.GET.get("show", "")
    shown = shown if shown in ROW_FILTERS else ""
    # while it is at work, only the bar is shown, and looked at each second
    counts = {} if job.is_at_work else row_counts(job)
    waits = job.state == JobState.READY
    if wants_fragment(request) and job.state in {JobState.READY, JobState.DRAFT}:
        # the page that waited for the check gives way to the preview
        return HttpResponse(status=204, headers={"HX-Redirect": request.path})
    if waits and job.is_import and not shown and counts["wrong"] and "show" not in request.GET:
        shown = "wrong"
    context: dict[str, Any] = {
        "here": "jobs",
        "job": job,
        "kind": JobKind(job.kind).label,
        "lead": _lead(job),
        "shown": shown,
        "counts": counts,
        "page": None
        if job.is_at_work
        else paged(job_rows(job, shown=shown), request.GET, total=counts[shown or "all"]),
        "may_act": request.actor.may(NEEDS[job.kind]),
        "list_url": _LISTS.get(JobKind(job.kind), "domains:mailbox-list"),
    }
    if job.state == JobState.DRAFT or (waits and job.is_import):
        room = room_for(job.tenant, job.kind)
        needed = needed_room(job, counts["ready"])
        context |= {
            "form": form or _begin_form(job),
            "columns_form": ColumnsForm.of(job),
            "columns": _shown_columns(job),
            "room": room,
            "needed": needed,
            "too_many": room is not None and needed > room,
            "largest": largest_quota(job.tenant),
        }
        return page(request, "domains/import_preview.html", context, status=status)
    if waits:
        context |= {
            "form": form or _begin_form(job),
            "largest": largest_quota(job.tenant),
            "report": report_of_job(request.tenant, job) if job.kind in _DELETIONS else None,
            "too_small": _too_small(job) if job.kind == JobKind.CUSTOMER_PLAN else [],
        }
        return page(request, "domains/job_confirm.html", context, status=status)
    context |= {
        "handled": progress_of(job),
        "may_undo": context["may_act"] and counts.get("done") and may_undo(job),
        "undo_until": undo_until(job),
        "with_links": has_links(request.actor, job),
    }
    return page(request, "domains/job_detail.html", context, fragment="domains/_job.html")
