"""What is done to messages: one POST for all, with or without script; Undo; choosing a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.errors import InvalidInput
from portal.http import page, safe_next, wants_json
from webmail.identity import MailIdentity, folder_path
from webmail.selectors.folders import emptiable, folder_label, folder_url
from webmail.selectors.pages import folder_state
from webmail.services.act_on_messages import Deed, Done, act_on_messages, undo
from webmail.services.empty_folder import empty_folder
from webmail.views.access import mailbox_view
from webmail.views.column import beside_folders
from webmail.views.toast import with_toast

if TYPE_CHECKING:
    from django.http import QueryDict

    from accounts.http import PersonRequest


@require_POST
@mailbox_view
def act(request: PersonRequest, identity: MailIdentity, folder: str) -> HttpResponse:
    """Do one thing to the chosen messages: fields `action`, `uid` (several), `uid_validity`.

    A button of one row sends `one` as "action:uid" instead. `next` is where to go on.
    """
    path = folder_path(folder)
    deed, uids = _chosen(request.POST)
    target = request.POST.get("target", "")
    if deed is Deed.MOVE and not target:
        raise InvalidInput(_("Please choose a folder."), field="target")
    done = act_on_messages(
        identity,
        path=path,
        uid_validity=_whole(request.POST.get("uid_validity", "")),
        uids=uids,
        deed=deed,
        target=folder_path(target) if target else "",
    )
    return _answer(
        request, done, safe_next(request.POST.get("next"), folder_url(identity.mailbox_id, path))
    )


@require_POST
@mailbox_view
def take_back(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Undo what gave `token`."""
    text = undo(identity, request.POST.get("token", ""))
    if wants_json(request):
        return JsonResponse({"text": text})
    where = safe_next(request.POST.get("next"), folder_url(identity.mailbox_id, "INBOX"))
    return _go(with_toast(where, text))


@require_GET
@mailbox_view
def move(request: PersonRequest, identity: MailIdentity, folder: str) -> HttpResponse:
    """Show where messages can be moved to, for browsers without script."""
    path = folder_path(folder)
    uids = [str(_whole(uid)) for uid in request.GET.getlist("uid")[:1000]]
    return page(
        request,
        "webmail/move.html",
        beside_folders(identity, here=path)
        | {
            "uids": uids,
            "uid_validity": _whole(request.GET.get("uid_validity", "")),
            "folder_id": folder,
            "next_url": safe_next(request.GET.get("next"), folder_url(identity.mailbox_id, path)),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@mailbox_view
def empty(request: PersonRequest, identity: MailIdentity, folder: str) -> HttpResponse:
    """Ask whether Trash or Spam may be emptied, and do it; what comes meanwhile stays."""
    path = folder_path(folder)
    here = emptiable(folder_state(identity), path)
    where, label = folder_url(identity.mailbox_id, path), folder_label(here)
    if request.method == "POST":
        empty_folder(
            identity,
            path,
            uid_validity=_whole(request.POST.get("uid_validity", "")),
            last_uid=_whole(request.POST.get("last_uid", "")),
        )
        return _go(with_toast(where, _("What was in %(folder)s is deleted") % {"folder": label}))
    context = beside_folders(identity, here=path) | {
        "label": label,
        "folder": here,
        "last_uid": max(here.uid_next - 1, 0),
        "folder_id": folder,
        "folder_url": where,
    }
    return page(request, "webmail/empty.html", context)


def _chosen(sent: QueryDict) -> tuple[Deed, list[int]]:
    """Return the deed and the UIDs of a form. Raises InvalidInput for what no form sends."""
    action, uids = sent.get("action", ""), sent.getlist("uid")
    one = sent.get("one", "")
    if one:
        action, _colon, uid = one.partition(":")
        uids = [uid]
    try:
        return Deed(action), [_whole(uid) for uid in uids]
    except ValueError as exc:
        raise InvalidInput(detail="unknown action") from exc


def _whole(text: str) -> int:
    """Return a UID or UIDVALIDITY of a form. Raises InvalidInput for anything else."""
    if text.isascii() and text.isdigit() and len(text) <= 10:
        return int(text)
    raise InvalidInput(detail="not a number")


def _answer(request: PersonRequest, done: Done, where: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"text": done.text, "undo": done.undo, "removed": done.removed})
    return _go(with_toast(where, done.text, done.undo))


def _go(where: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": where})
