"""Addresses of the webmail pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from webmail.views import actions, attachment, body, folder, home, image, message, search

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
    path(_MESSAGE, message.message, name="message"),
    path(f"{_MESSAGE}body/", body.body, name="body"),
    path(f"{_MESSAGE}source/", message.source, name="source"),
    path(f"{_MESSAGE}files/", attachment.all_attachments, name="all-attachments"),
    path(f"{_MESSAGE}part/<str:part>/", attachment.attachment, name="attachment"),
    path(f"{_MESSAGE}inline/<str:part>/", attachment.inline, name="inline"),
    path("<int:mailbox_id>/folders/", folder.counts, name="folders"),
    path("<int:mailbox_id>/folders/new/", folder.create, name="folder-create"),
    path("<int:mailbox_id>/undo/", actions.take_back, name="undo"),
    path("<int:mailbox_id>/search/", search.search, name="search"),
    path("<int:mailbox_id>/image/", image.image, name="image"),
]
urlpatterns: list[URLPattern] = [*reading]
