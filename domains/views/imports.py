"""Importing a table: upload, what its columns are, corrections, and the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import TenantRequest, permission
from accounts.models import TenantKind
from accounts.roles import Action
from accounts.selectors import plans_of
from domains.columns import CUSTOMER_COLUMNS, Column
from domains.forms import ColumnsForm, ImportForm, is_id
from domains.models import Job, JobKind
from domains.selectors import domains_within, job_of
from domains.services.check_import import mend_rows
from domains.services.upload_import import MAX_BYTES, choose_columns, upload_import
from portal.exports import export
from portal.forms import attempt
from portal.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse, HttpResponseBase

SAMPLES = {
    "mailboxes": (
        (
            Column.NAME,
            Column.ADDRESS,
            Column.QUOTA,
            Column.ALIASES,
            Column.GROUPS,
            Column.PASSWORD,  # empty: whoever imports the example opens no known password
            Column.INVITE,
        ),
        ("Trần Thu Hà", "ha.tran@{}", "10 GB", "ha@{}", "", "", "ha.tran@gmail.com"),
    ),
    "aliases": ((Column.ADDRESS, Column.TARGETS), ("info@{}", "ha.tran@{} huy.do@{}")),
    "forwarders": ((Column.ADDRESS, Column.TARGETS), ("hoadon@{}", "ketoan@example.com")),
    "customers": (
        CUSTOMER_COLUMNS,
        (
            "Công ty Hải Vân",
            "",
            "haivan.vn haivan.com",
            "Trần Thu Hà",
            "ha.tran@gmail.com",
            "vi",
            "company",
        ),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.MAILBOX_CREATE)
def import_create(request: TenantRequest, tenant_id: int) -> HttpResponse:
    """Ask for the file, and take it in."""
    asked, kinds = request.GET.get("what", ""), _kinds(request)
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        kinds=kinds,
        initial={"what": asked if asked in kinds else next(iter(kinds), "")},
    )
    if form.is_valid():
        file = form.cleaned_data["file"]
        job = attempt(
            form,
            upload_import,
            actor=request.actor,
            tenant=request.tenant,
            kind=JobKind(f"import_{form.cleaned_data['what']}"),
            file_name=file.name or "",
            content=file.read(MAX_BYTES + 1),
        )
        if job is not None:
            return redirect("domains:job-detail", tenant_id, job.pk)
    context = {
        "here": "jobs",
        "form": form,
        "max_bytes": MAX_BYTES,
        "kinds": kinds,
    }
    return page(request, "domains/import_form.html", context, status=422 if form.errors else 200)


@require_GET
@permission(Action.MAILBOX_CREATE)
def import_sample(request: TenantRequest, tenant_id: int) -> HttpResponseBase:
    """Give a file with the headings and one row, to be filled in."""
    what = request.GET.get("what", "")
    columns, row = SAMPLES[what if what in SAMPLES else "mailboxes"]
    plan = plans_of(request.tenant).values_list("name", flat=True).first() or ""
    domain = domains_within(request.tenant).order_by("pk").first()
    name = domain.name if domain else "congty.vn"
    heads = ImportForm.headings(columns)
    cells = [
        plan if column == Column.PLAN else cell.replace("{}", name)
        for column, cell in zip(columns, row, strict=True)
    ]
    return export(request, what or "mailboxes", heads, [cells])


@require_POST
@permission(Action.MAILBOX_CREATE)
def import_columns(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponse:
    """Read the file another way."""
    job = job_of(request.tenant, request.user, job_id)
    form = ColumnsForm(request.POST, job=job)
    if form.is_valid() and attempt(form, _choose, request, job, form):
        return redirect("domains:job-detail", tenant_id, job_id)
    for error in [error for errors in form.errors.values() for error in errors]:
        messages.error(request, str(error))
    return redirect("domains:job-detail", tenant_id, job_id)


@require_POST
@permission(Action.MAILBOX_CREATE)
def import_rows(request: TenantRequest, tenant_id: int, job_id: int) -> HttpResponse:
    """Write corrected cells into rows, named "<row>:<column>"; `hint` takes one row's suggestion."""
    job = job_of(request.tenant, request.user, job_id)
    mended = mend_rows(actor=request.actor, job=job, corrections=_corrections(request))
    if mended:
        messages.success(
            request,
            ngettext("%(n)d row is ready now.", "%(n)d rows are ready now.", mended)
            % {"n": mended},
        )
    else:
        messages.error(request, _("No row became ready. Each says what is still wrong."))
    return redirect(f"{request.path.removesuffix('rows/')}?show=wrong")


def _kinds(request: TenantRequest) -> tuple[str, ...]:
    """Return what the person can import here: addresses into domains, customers below a seller."""
    hosting = ("mailboxes", "aliases", "forwarders")
    kinds = hosting if domains_within(request.tenant).exists() else ()
    sells = request.tenant.kind != TenantKind.COMPANY and request.actor.may(Action.TENANT_CREATE)
    return (*kinds, "customers") if sells else kinds


def _choose(request: TenantRequest, job: Job, form: ColumnsForm) -> bool:
    data = form.cleaned_data
    choose_columns(
        actor=request.actor,
        job=job,
        columns=form.columns,
        encoding=data["encoding"],
        separator=data["separator"],
        has_heading=data["has_heading"],
        default_domain=data.get("default_domain", ""),
    )
    return True


def _corrections(request: TenantRequest) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    wanted = {key: str(text) for key, text in request.POST.items()}
    if hint := wanted.pop("hint", ""):
        key, _mark, text = hint.partition("=")
        wanted[key] = text
    for key, text in wanted.items():
        row, mark, column = key.partition(":")
        if mark and is_id(row):
            found.setdefault(int(row), {})[column] = text
    return found
