"""Folders of one's own: new ones, other names, into Trash and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.errors import Conflict, InvalidInput, PortalError
from portal.http import page, wants_json
from webmail.identity import MailIdentity, folder_id, folder_path
from webmail.selectors.folders import folder_url, in_trash, own_folder
from webmail.selectors.pages import folder_state
from webmail.services.change_folder import remove_folder, rename_folder, restore_folder
from webmail.services.create_folder import create_folder
from webmail.views.access import mailbox_view
from webmail.views.column import beside_folders
from webmail.views.toast import with_toast

if TYPE_CHECKING:
    from accounts.http import PersonRequest
    from webmail.imap.types import Folder


@require_POST
@mailbox_view
def create(request: PersonRequest, identity: MailIdentity) -> HttpResponse:
    """Make a folder and open it, or tell a script about it."""
    name, inside = request.POST.get("name", ""), request.POST.get("inside", "")
    above = folder_path(inside) if inside else ""
    try:
        path = create_folder(identity, name=name, inside=above)
    except (InvalidInput, Conflict) as error:
        if wants_json(request) or not error.field:
            raise
        return _form(request, identity, name=name, error=error)
    if wants_json(request):
        return JsonResponse({"id": folder_id(path), "path": path})
    return redirect(folder_url(identity.mailbox_id, path))


@require_http_methods(["GET", "HEAD", "POST"])
@mailbox_view
def change(request: PersonRequest, identity: MailIdentity, folder: str) -> HttpResponse:
    """Rename a folder of one's own, put it into Trash, take it out again, delete it for good."""
    path = folder_path(folder)
    action = request.POST.get("action", "")
    listed = folder_state(identity)
    open_folder = own_folder(listed, path)
    name = request.POST.get("name", open_folder.name)
    error: PortalError | None = None
    try:
        if action == "rename":
            return redirect(
                folder_url(identity.mailbox_id, rename_folder(identity, path, name=name))
            )
        if action == "restore":
            new_path = restore_folder(identity, path)
            return redirect(folder_url(identity.mailbox_id, new_path))
        if action == "remove":
            return _removed(identity, open_folder, remove_folder(identity, path))
    except (InvalidInput, Conflict) as refused:
        if not refused.field:
            raise
        error = refused
    return _form(
        request,
        identity,
        name=name,
        folder=open_folder,
        is_in_trash=in_trash(listed, path),
        error=error,
    )


def _removed(identity: MailIdentity, folder: Folder, new_path: str) -> HttpResponse:
    said = _("“%(name)s” is in Trash now") if new_path else _("“%(name)s” is deleted")
    where = folder_url(identity.mailbox_id, new_path or "INBOX")
    return redirect(with_toast(where, said % {"name": folder.name}))


def _form(
    request: PersonRequest,
    identity: MailIdentity,
    *,
    name: str,
    folder: Folder | None = None,
    is_in_trash: bool = False,
    error: PortalError | None = None,
) -> HttpResponse:
    here = folder.path if folder else ""
    context = beside_folders(identity, here=here) | {
        "folder": folder,
        "is_in_trash": is_in_trash,
        "folder_url": folder_url(identity.mailbox_id, here or "INBOX"),
        "folder_id": folder_id(here) if here else "",
        "name": name,
        "error": error,
    }
    return page(request, "webmail/folder_form.html", context, status=error.status if error else 200)
