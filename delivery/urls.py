"""Addresses of the delivery pages in the portal."""

from __future__ import annotations

from django.urls import path

from delivery.views import outgoing

app_name = "delivery"
urlpatterns = [
    path("<int:tenant_id>/outgoing/", outgoing.outgoing_list, name="outgoing-list"),
    path(
        "<int:tenant_id>/outgoing/<int:submission_id>/retry/",
        outgoing.outgoing_retry,
        name="outgoing-retry",
    ),
    path(
        "<int:tenant_id>/outgoing/<int:submission_id>/cancel/",
        outgoing.outgoing_cancel,
        name="outgoing-cancel",
    ),
]
