"""Paths of the room: what watches the installation."""

from __future__ import annotations

from django.urls import path

from mailserver import views

app_name = "mailserver"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("metrics", views.metrics, name="metrics"),
]
