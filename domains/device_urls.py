"""Addresses of setting up phones and mail programs, below /setup/."""

from __future__ import annotations

from django.urls import path

from domains.views import device_setup

app_name = "devices"
urlpatterns = [
    path("", device_setup.device_home, name="home"),
    path("<int:mailbox_id>/", device_setup.device_setup, name="mailbox"),
    path("<int:mailbox_id>/profile/", device_setup.device_profile, name="profile"),
    path("open/<str:token>/", device_setup.device_open, name="open"),
    path("open/<str:token>/profile/", device_setup.device_open_profile, name="open-profile"),
]
