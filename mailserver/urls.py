"""Paths of the room: what watches the installation."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "mailserver"
urlpatterns: list[URLPattern] = []
