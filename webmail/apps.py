"""Names the room to Django, and tells the IMAP pool whom to ask about rights taken away."""

from __future__ import annotations

from django.apps import AppConfig


class WebmailConfig(AppConfig):
    """The room's entry in INSTALLED_APPS."""

    name = "webmail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the pool with the table of access changes."""
        from webmail.imap.pool import POOL
        from webmail.selectors.access import AccessFollower

        POOL.follow(AccessFollower())
