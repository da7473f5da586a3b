"""Keeps what a page has to say after a redirect in a signed cookie: no question to the database."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class ToastCookie(CookieStorage):
    """The cookie, named after the stack: several may run on one machine."""

    cookie_name = settings.MESSAGES_COOKIE_NAME


class ToastStorage(FallbackStorage):
    """The cookie, and the session for what is too long for it."""

    storage_classes = (ToastCookie, SessionStorage)
