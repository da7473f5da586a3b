"""Addresses of the webmail pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from webmail.views import (
    actions,
    attachment,
    autocomplete,
    body,
    compose,
    folder,
    handed,
    home,
    image,
    message,
    outbox,
    own_folder,
    search,
    upload,
)

if TYPE_CHECKING:
    from django.urls import URLPattern

_FOLDER = "<int:mailbox_id>/f/<str:folder>/"
_MESSAGE = f"{_FOLDER}<int:uid_validity>/<int:uid>/"

app_name = "webmail"
reading: list[URLPattern] = [
    path("", home.home, name="home"),
    path("<int:mailbox_id>/", home.mailbox, name="mailbox"),
    path(_FOLDER, folder.folder, name="folder"),
    path(f"{_FOLDER}act/", actions.act, name="act"),
    path(f"{_FOLDER}move/", actions.move, name="move"),
    path(f"{_FOLDER}empty/", actions.empty, name="empty"),
    path(f"{_FOLDER}change/", own_folder.change, name="folder-change"),
    path(_MESSAGE, message.message, name="message"),
    path(f"{_MESSAGE}body/", body.body, name="body"),
    path(f"{_MESSAGE}source/", message.source, name="source"),
    path(f"{_MESSAGE}files/", attachment.all_attachments, name="all-attachments"),
    path(f"{_MESSAGE}part/<str:part>/", attachment.attachment, name="attachment"),
    path(f"{_MESSAGE}inline/<str:part>/", attachment.inline, name="inline"),
    path("<int:mailbox_id>/folders/", folder.counts, name="folders"),
    path("<int:mailbox_id>/folders/new/", own_folder.create, name="folder-create"),
    path("<int:mailbox_id>/undo/", actions.take_back, name="undo"),
    path("<int:mailbox_id>/search/", search.search, name="search"),
    path("<int:mailbox_id>/image/", image.image, name="image"),
    path("<int:mailbox_id>/handed/<int:departure_id>/", handed.handed, name="handed"),
    path(
        "<int:mailbox_id>/handed/<int:departure_id>/file/",
        handed.handed_download,
        name="handed-download",
    ),
]
_OUTGOING = "<int:mailbox_id>/outbox/<int:submission_id>/"
_FILES = "<int:mailbox_id>/compose/files/"
writing: list[URLPattern] = [
    path("<int:mailbox_id>/compose/", compose.compose, name="compose"),
    path("<int:mailbox_id>/compose/editor/", compose.editor, name="editor"),
    path(f"{_FILES}<uuid:key>/", upload.upload, name="upload"),
    path(f"{_FILES}of/<uuid:compose_id>/", upload.upload_add, name="upload-add"),
    path(
        f"{_FILES}of/<uuid:compose_id>/<uuid:key>/remove/",
        upload.upload_remove,
        name="upload-remove",
    ),
    path("<int:mailbox_id>/people/", autocomplete.people, name="people"),
    path("<int:mailbox_id>/outbox/", outbox.outbox, name="outbox"),
    path(f"{_OUTGOING}toast/", outbox.outbox_toast, name="outbox-toast"),
    path(f"{_OUTGOING}undo/", outbox.outbox_undo, name="outbox-undo"),
    path(f"{_OUTGOING}cancel/", outbox.outbox_cancel, name="outbox-cancel"),
    path(f"{_OUTGOING}retry/", outbox.outbox_retry, name="outbox-retry"),
    path(f"{_OUTGOING}dismiss/", outbox.outbox_dismiss, name="outbox-dismiss"),
]
urlpatterns: list[URLPattern] = [*reading, *writing]
