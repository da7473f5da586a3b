"""Names the room to Django."""

from __future__ import annotations

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """The room's entry in INSTALLED_APPS."""

    name = "delivery"
    default_auto_field = "django.db.models.BigAutoField"
