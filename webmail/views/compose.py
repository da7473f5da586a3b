"""Writing: the composer as a page or a dock, saving drafts, sending, the editor's frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from delivery.selectors import submission_of
from portal.errors import Conflict, InvalidInput, LimitReached
from portal.http import page, safe_next, wants_json
from webmail.errors import MessageGone
from webmail.forms import DraftForm, SendForm, answers_text
from webmail.identity import MailIdentity, MessageRef, folder_path
from webmail.message.reply import Mode
from webmail.message.writing import Writing
from webmail.selectors.messages import message_url
from webmail.selectors.senders import senders_of
from webmail.selectors.uploads import upload_cards
from webmail.services.add_upload import add_upload, room
from webmail.services.remove_upload import remove_upload
from webmail.services.reopen_letter import find_draft, reopen_draft, write_on
from webmail.services.save_draft import discard_draft, save_draft
from webmail.services.send_message import send_message
from webmail.services.start_letter import Started, blank_letter, start_answer
from webmail.views.access import mailbox_view

if TYPE_CHECKING:
    from accounts.http import PersonRequest

EDITOR_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_REF = re.compile(r"([A-Za-z0-9_-]{1,1400})[./](\d{1,10})[./](\d{1,10})/?\Z")


@dataclass(frozen=True, slots=True)
class Sender:
    """One choice of the From menu."""

    address: str
    label: str


@never_cache
@require_http_methods(["GET", "POST"])
@mailbox_view
def compose(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Show the composer, or do what its buttons say: send, save, discard, attach, remove."""
    if request.method == "POST":
        return _act(request, identity)
    started = _started(request, identity)
    if started.files_left_out:
        note = _("Some files of the original do not fit into one message and were left out.")
    else:
        note = ""
    return _composer(request, identity, started.writing, note=note)


@require_GET
@mailbox_view
def editor(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Show the empty document people write in: own policy, no script, quoted styles survive."""
    response = render(request, "webmail/compose_editor.html", {"identity": identity})
    response["Content-Security-Policy"] = EDITOR_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-cache"
    return response


def _started(request: PersonRequest, identity: MailIdentity) -> Started:
    """Return the letter the address asks for; one that names nothing is blank."""
    for mode in Mode:
        if given := request.GET.get(mode.value):
            return start_answer(identity, _ref(identity, given), mode)
    if given := request.GET.get("draft"):
        return reopen_draft(identity, _ref(identity, given))
    if (given := request.GET.get("again", "")).isdigit():
        return write_on(identity, submission_of(identity.mailbox_id, int(given[:18])))
    if (compose_id := _uuid(request.GET.get("id", ""))) is not None:
        saved = find_draft(identity, compose_id)
        return saved or Started(blank_letter(identity))
    return Started(blank_letter(identity, mailto=request.GET.get("mailto", "")))


def _act(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    action = request.POST.get("action", "send")
    if action == "send":
        return _send(request, identity)
    form = DraftForm(request.POST)
    if not form.is_valid():
        return _refused(request, identity, form)
    writing = form.writing()
    if action == "discard":
        discard_draft(identity, writing=writing)
        return _gone(request, identity, _("Draft discarded."))
    if action == "attach" or action.startswith("remove:"):
        return _files(request, identity, form, action)
    return _save(request, identity, form)


def _send(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    form = SendForm(request.POST)
    if not form.is_valid():
        return _refused(request, identity, form)
    known = form.cleaned_data
    try:
        for file in request.FILES.getlist("files"):
            _attach(identity, known["compose_id"], file)
        submission = send_message(
            identity, writing=form.writing(), to=known["to"], cc=known["cc"], bcc=known["bcc"]
        )
    except (InvalidInput, LimitReached, Conflict) as exc:  # the letter must stay on the screen
        return _refused(request, identity, form, exc)
    if wants_json(request):
        toast = reverse("webmail:outbox-toast", args=[identity.mailbox_id, submission.pk])
        return JsonResponse({"toast": toast, "next": _next(request, identity)})
    return redirect("webmail:outbox", identity.mailbox_id)


def _save(request: PersonRequest, identity: MailIdentity, form: DraftForm) -> HttpResponse:
    writing = form.writing()
    try:
        for file in request.FILES.getlist("files"):
            _attach(identity, writing.compose_id, file)
        at = save_draft(identity, writing=writing)
    except (LimitReached, Conflict) as exc:
        return _refused(request, identity, form, exc)
    saved = _("Saved %(time)s") % {"time": date_format(timezone.localtime(at), "H:i")}
    address = f"{reverse('webmail:compose', args=[identity.mailbox_id])}?id={writing.compose_id}"
    if wants_json(request):
        return JsonResponse({"saved": saved, "address": address})
    return _composer(request, identity, writing, saved=saved)


def _files(
    request: PersonRequest, identity: MailIdentity, form: DraftForm, action: str
) -> HttpResponse:
    """Add or remove files without script: the composer comes back as it was typed."""
    writing = form.writing()
    try:
        for file in request.FILES.getlist("files"):
            _attach(identity, writing.compose_id, file)
    except LimitReached as exc:
        return _refused(request, identity, form, exc)
    if (key := _uuid(action.partition(":")[2])) is not None:
        remove_upload(identity, compose_id=writing.compose_id, key=key)
    return _composer(request, identity, writing)


def _attach(identity: MailIdentity, compose_id: UUID, file: Any) -> None:
    add_upload(
        identity,
        compose_id=compose_id,
        name=file.name or "",
        content_type=file.content_type or "",
        size_bytes=file.size,
        chunks=file.chunks(),
    )


def _refused(
    request: PersonRequest,
    identity: MailIdentity,
    form: DraftForm,
    error: InvalidInput | LimitReached | Conflict | None = None,
) -> HttpResponse:
    """Show what is wrong beside what was typed: nothing of a letter is ever lost to an error."""
    if error is not None:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
    if wants_json(request):
        return JsonResponse({"errors": form.errors.get_json_data()}, status=422)
    typed: dict[str, Any] = {
        name: request.POST.get(name, "")
        for name in ("sender", "to", "cc", "bcc", "subject", "text", "in_reply_to", "replaces")
    }
    writing = Writing(
        compose_id=_uuid(request.POST.get("compose_id", "")) or blank_letter(identity).compose_id,
        **typed,
        references=tuple(request.POST.get("references", "").split()),
    )
    return _composer(request, identity, writing, form=form, status=422)


def _composer(
    request: PersonRequest,
    identity: MailIdentity,
    writing: Writing,
    *,
    form: DraftForm | None = None,
    note: str = "",
    saved: str = "",
    status: int = 200,
) -> HttpResponse:
    answers = answers_text(writing.answers) if form is None else request.POST.get("answers", "")
    context = {
        "identity": identity,
        "writing": writing,
        "answers": answers,
        "senders": [
            Sender(
                one.email,
                _("%(name)s on behalf of %(address)s")
                % {"name": identity.member_name or identity.name, "address": one.email}
                if one.behalf
                else f"{one.name} <{one.email}>",
            )
            for one in senders_of(identity)
        ],
        "uploads": upload_cards(identity.mailbox_id, writing.compose_id),
        "room_bytes": room(),
        "form": form,
        "note": note,
        "saved": saved,
        "next": _next(request, identity),
    }
    return page(
        request, "webmail/compose.html", context, fragment="webmail/_dock.html", status=status
    )


def _gone(request: PersonRequest, identity: MailIdentity, text: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"text": text, "next": _next(request, identity)})
    return redirect(_next(request, identity))


def _next(request: PersonRequest, identity: MailIdentity) -> str:
    """Return where writing ends: where the form says, at the letter that is answered, else home."""
    if given := request.POST.get("next") or request.GET.get("next"):
        return safe_next(given, reverse("webmail:mailbox", args=[identity.mailbox_id]))
    for mode in Mode:
        if answered := request.GET.get(mode.value):
            return message_url(_ref(identity, answered))
    return reverse("webmail:mailbox", args=[identity.mailbox_id])


def _ref(identity: MailIdentity, given: str) -> MessageRef:
    """Return the message an address names as folder id, UIDVALIDITY and UID."""
    match = _REF.match(given)
    if match is None:
        raise MessageGone(detail="no reference")
    return MessageRef(identity.mailbox_id, folder_path(match[1]), int(match[2]), int(match[3]))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
