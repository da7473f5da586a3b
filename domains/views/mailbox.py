"""One mailbox: its page and everything an admin may do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.forms import MailChoiceForm
from accounts.http import TenantRequest, permission
from accounts.roles import Action
from accounts.selectors import may_manage
from accounts.services.invite_person import make_password_link
from domains.errors import NobodySignsIn
from domains.forms import (
    DeleteMailboxForm,
    ForwardingForm,
    MailboxSettingsForm,
    PasswordForm,
    RenameForm,
)
from domains.models import MailboxStatus
from domains.selectors import (
    mailbox_of,
    mailbox_row,
    mailbox_rows,
    passed_on_by,
    report_of_mailbox,
    sign_ins_of,
    targets_at,
    targets_outside,
)
from domains.services.change_mailbox import PROTOCOLS, change_mailbox
from domains.services.check_quota import largest_quota
from domains.services.delete_mailbox import GRACE_CHOICES, delete_mailbox, restore_mailbox
from domains.services.rename_mailbox import rename_mailbox
from domains.services.reset_password import over_owner, reset_password
from domains.services.set_forwarding import set_forwarding
from domains.services.suspend_mailbox import resume_mailbox, suspend_mailbox
from domains.views.consents import tell_of_letters
from portal.config import stack
from portal.forms import attempt
from portal.http import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from domains.models import Mailbox


@require_GET
@permission(Action.MAILBOX_VIEW)
def mailbox_detail(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Show a mailbox."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    return page(request, "domains/mailbox_detail.html", _context(request, mailbox))


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_change(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Set name, storage and protocols."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    form = MailboxSettingsForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        if attempt(
            form,
            change_mailbox,
            actor=request.actor,
            mailbox=mailbox,
            version=data["version"],
            name=data["name"],
            quota_bytes=data["quota"] or 0,
            # nobody signs in as a shared mailbox, so its page does not ask for protocols
            **({name: data[name] for name in PROTOCOLS} if mailbox.owner_id else {}),
        ):
            messages.success(request, _("Saved."))
            return redirect("domains:mailbox-detail", tenant_id, mailbox_id)
    return _refused(request, mailbox, settings_form=_fresh(form, mailbox, MailboxSettingsForm))


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_forwarding(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Set where mail is passed on to."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    form = ForwardingForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        held = attempt(
            form,
            set_forwarding,
            actor=request.actor,
            mailbox=mailbox,
            targets=data["targets"],
            keep_copy=data["keep_copy"],
            version=data["version"],
        )
        if held is not None:
            messages.success(
                request, _("Forwarding is on.") if data["targets"] else _("Nothing is forwarded.")
            )
            tell_of_letters(request, held.forward_to)
            return redirect("domains:mailbox-detail", tenant_id, mailbox_id)
    return _refused(request, mailbox, forwarding_form=_fresh(form, mailbox, ForwardingForm))


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_rename(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Give it another address; the old one stays as an alias."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    form = RenameForm(request.POST, tenant=request.tenant)
    if form.is_valid():
        data = form.cleaned_data
        renamed = attempt(
            form,
            rename_mailbox,
            actor=request.actor,
            mailbox=mailbox,
            domain=form.chosen_domain,
            localpart=data["localpart"],
            version=data["version"],
        )
        if renamed:
            messages.success(
                request,
                _("It is %(address)s now; the old address is an alias.")
                % {"address": renamed.address.email},
            )
            return redirect("domains:mailbox-detail", tenant_id, mailbox_id)
    return _refused(request, mailbox, rename_form=form)


@require_POST
@permission(Action.PASSWORD_RESET)
def mailbox_password(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Set the owner's password."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    form = PasswordForm(request.POST)
    if form.is_valid() and attempt(form, _reset, request, mailbox, form.cleaned_data["password"]):
        messages.success(request, _("The password was set. Open sessions have ended."))
        return redirect("domains:mailbox-detail", tenant_id, mailbox_id)
    return _refused(request, mailbox, password_form=form)


@never_cache
@require_POST
@permission(Action.PASSWORD_RESET)
def mailbox_link(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Make a one-time link by which the owner chooses a password, and show it once."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    if mailbox.owner is None:
        raise NobodySignsIn
    link = make_password_link(actor=over_owner(request.actor, mailbox), person=mailbox.owner)
    return page(request, "domains/mailbox_detail.html", _context(request, mailbox) | {"link": link})


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_suspend(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Stop its use; mail keeps arriving or is refused."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    form = MailChoiceForm(request.POST)
    suspend_mailbox(
        actor=request.actor, mailbox=mailbox, refuses_mail=form.is_valid() and form.refuses_mail
    )
    messages.success(request, _("%(address)s is suspended.") % {"address": mailbox.address.email})
    return redirect("domains:mailbox-detail", tenant_id, mailbox_id)


@require_POST
@permission(Action.MAILBOX_CHANGE)
def mailbox_resume(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Let it be used again."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    resume_mailbox(actor=request.actor, mailbox=mailbox)
    messages.success(
        request, _("%(address)s can be used again.") % {"address": mailbox.address.email}
    )
    return redirect("domains:mailbox-detail", tenant_id, mailbox_id)


@require_http_methods(["GET", "HEAD", "POST"])
@permission(Action.MAILBOX_DELETE)
def mailbox_delete(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Ask for the days of grace, then begin to delete."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    form = DeleteMailboxForm(request.POST or None)
    if form.is_valid() and (
        attempt(
            form,
            delete_mailbox,
            actor=request.actor,
            mailbox=mailbox,
            grace_days=form.cleaned_data["grace_days"],
        )
        is not None
    ):
        words = (
            _("%(address)s is closed. You can undo it until the day shown.")
            if form.cleaned_data["grace_days"]
            else _("%(address)s is being deleted for good.")
        )
        messages.success(request, words % {"address": mailbox.address.email})
        if form.cleaned_data["grace_days"]:
            return redirect("domains:mailbox-detail", tenant_id, mailbox_id)
        return redirect("domains:mailbox-list", tenant_id)
    context = {
        "here": "mailboxes",
        "mailbox": mailbox,
        "row": mailbox_rows([mailbox])[0],
        "form": form,
        "choices": GRACE_CHOICES,
        "report": report_of_mailbox(request.tenant, mailbox),
    }
    return page(request, "domains/mailbox_delete.html", context, status=422 if form.errors else 200)


@require_POST
@permission(Action.MAILBOX_DELETE)
def mailbox_restore(request: TenantRequest, tenant_id: int, mailbox_id: int) -> HttpResponse:
    """Undo the deletion."""
    mailbox = mailbox_of(request.tenant, mailbox_id)
    restore_mailbox(actor=request.actor, mailbox=mailbox)
    messages.success(request, _("%(address)s is back.") % {"address": mailbox.address.email})
    return redirect("domains:mailbox-detail", tenant_id, mailbox_id)


def _reset(request: TenantRequest, mailbox: Mailbox, password: str) -> bool:
    reset_password(actor=request.actor, mailbox=mailbox, password=password)
    return True


def _fresh(
    form: MailboxSettingsForm | ForwardingForm,
    mailbox: Mailbox,
    kind: type[MailboxSettingsForm] | type[ForwardingForm],
) -> Any:
    """Return the refused form; after another admin's change, one with the newer values."""
    if form.data.get("version") == str(mailbox.version):
        return form
    fresh = kind.of(mailbox)
    fresh.is_stale = True
    return fresh


def _refused(request: TenantRequest, mailbox: Mailbox, **forms: Any) -> HttpResponse:
    context = _context(request, mailbox) | forms
    return page(request, "domains/mailbox_detail.html", context, status=422)


def _context(request: TenantRequest, mailbox: Mailbox) -> dict[str, Any]:
    owner = mailbox.owner
    may_reset = (
        request.actor.may(Action.PASSWORD_RESET)
        and owner is not None
        and may_manage(request.actor, owner)
    )
    incoming, sign_ins = targets_at(mailbox), sign_ins_of(mailbox)
    return {
        "here": "mailboxes",
        "mailbox": mailbox,
        "row": mailbox_row(mailbox, incoming, sign_ins),
        "targets_here": incoming,
        "targets": targets_outside(request.tenant, passed_on_by(mailbox)),
        "ask_url": reverse("domains:mailbox-ask", args=[mailbox.tenant_id, mailbox.pk]),
        "sign_ins": sign_ins,
        "largest": largest_quota(request.tenant),
        "settings_form": MailboxSettingsForm.of(mailbox),
        "forwarding_form": ForwardingForm.of(mailbox),
        "password_form": PasswordForm(),
        "is_deleting": mailbox.status == MailboxStatus.DELETING,
        "is_suspended": mailbox.status == MailboxStatus.SUSPENDED,
        "rename_form": RenameForm(
            tenant=request.tenant,
            initial={
                "localpart": mailbox.address.localpart,
                "domain": mailbox.address.domain,
                "version": mailbox.version,
            },
        ),
        "departure": getattr(mailbox, "departure", None),
        "suspend_form": MailChoiceForm(
            initial={"mail": MailChoiceForm.REFUSE if mailbox.refuses_mail else MailChoiceForm.KEEP}
        ),
        "may_change": request.actor.may(Action.MAILBOX_CHANGE),
        "may_delete": request.actor.may(Action.MAILBOX_DELETE),
        "may_reset": may_reset,
        "host": stack().mail_hostname,
        "ports": {
            name: stack().mail_port(name)
            for name in ("imaps", "pop3s", "submission", "submissions")
        },
    }
