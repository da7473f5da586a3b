"""Addresses of the delivery pages in the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.urls import URLPattern

app_name = "delivery"
urlpatterns: list[URLPattern] = []
