"""Puts a letter of the system into the words of who reads it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.models import Tenant, User


@contextmanager
def writing_for(tenant: Tenant, person: User | None = None) -> Iterator[None]:
    """Use language and time zone of the person, else of the tenant, else of the installation."""
    language = (person.language if person else "") or tenant.language or settings.LANGUAGE_CODE
    zone = (person.timezone if person else "") or tenant.timezone or settings.DISPLAY_TIME_ZONE
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        yield
