"""Background work of accounts: password links, and sessions that are over."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from accounts.services.request_password_link import request_password_link


@shared_task(name="accounts.send_password_link", ignore_result=True, acks_late=True)
def send_password_link(address: str) -> None:
    """Mail a link to whoever signs in with `address`; out of the request, so that time tells nothing."""
    request_password_link(address=address)


@shared_task(name="accounts.clear_sessions", ignore_result=True, acks_late=True)
def clear_sessions() -> None:
    """Delete sessions that have expired."""
    SessionStore.clear_expired()
