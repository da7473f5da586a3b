"""Files of a composer: added one by one, shown, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import FileResponse, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from portal.errors import InvalidInput
from portal.http import page, wants_json
from webmail.errors import PartGone
from webmail.identity import MailIdentity
from webmail.selectors.uploads import card, path_of, picture_type, upload_of
from webmail.services.add_upload import add_upload
from webmail.services.remove_upload import remove_upload
from webmail.views.access import mailbox_view
from webmail.views.downloading import disposition, locked

if TYPE_CHECKING:
    from accounts.http import PersonRequest


@require_POST
@mailbox_view
def upload_add(request: PersonRequest, identity: MailIdentity, compose_id: UUID) -> HttpResponse:
    """Take the file `file`; `inline` marks a picture inside the text. Answers with its chip."""
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInput(field="file")
    row = add_upload(
        identity,
        compose_id=compose_id,
        name=file.name or "",
        content_type=file.content_type or "",
        size_bytes=file.size or 0,
        chunks=file.chunks(),
        is_inline="inline" in request.POST,
    )
    if wants_json(request):
        return JsonResponse({"url": card(row).url, "name": row.file_name})
    return page(
        request,
        "webmail/_upload.html",
        {"identity": identity, "compose_id": compose_id, "file": card(row)},
    )


@require_GET
@mailbox_view
def upload(request: PersonRequest, identity: MailIdentity, key: UUID) -> FileResponse:
    """Give the file back: pictures to be looked at, everything else to be saved."""
    row = upload_of(identity.mailbox_id, key)
    path = path_of(row)
    if not path.is_file():
        raise PartGone(detail="file gone")
    picture = picture_type(path)
    response = FileResponse(
        path.open("rb"), content_type=picture or "application/octet-stream", as_attachment=False
    )
    if not picture:
        response["Content-Disposition"] = disposition(row.file_name)
    locked(response)
    return response


@require_POST
@mailbox_view
def upload_remove(
    request: PersonRequest, identity: MailIdentity, compose_id: UUID, key: UUID
) -> HttpResponse:
    """Take a file out of the letter."""
    remove_upload(identity, compose_id=compose_id, key=key)
    return HttpResponse(status=204)
