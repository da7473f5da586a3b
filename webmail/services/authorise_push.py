"""Decides who may listen to a mailbox, again and again while somebody does."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db.models import Max
from django.http import HttpRequest

from accounts.models import AccessChange, User
from portal.errors import Forbidden, PortalError
from webmail.errors import MailboxGone
from webmail.selectors.mailboxes import own_mailbox


class SignedOut(PortalError):
    """The session is over, or there never was one."""

    status = 401
    code = "signed_out"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens to which mailbox."""

    user_id: int
    mailbox_id: int
    address: str
    grant_id: int = 0  # of a member of a shared mailbox


def authorise_push(*, session_key: str, mailbox_id: int) -> Listener:
    """Return who may listen. Raises SignedOut, or Forbidden for a mailbox that is not his or closed.

    A mailbox that does not exist and a foreign one look the same.
    """
    user = _person(session_key)
    try:
        identity = own_mailbox(user, mailbox_id)
    except MailboxGone as exc:
        raise Forbidden from exc
    return Listener(user.pk, identity.mailbox_id, identity.address, identity.grant_id)


def changed_mailboxes(*, after: int) -> tuple[int, frozenset[int]]:
    """Return the newest AccessChange id and the mailboxes that rows after `after` name.

    A row that commits late under a smaller id is missed; the recheck of each stream meets it.
    """
    rows = list(AccessChange.objects.filter(id__gt=after).values_list("id", "mailbox_id"))
    newest = max((row_id for row_id, _ in rows), default=after)
    return newest, frozenset(mailbox_id for _, mailbox_id in rows)


def newest_access_change() -> int:
    """Return the id to start from, 0 when there is none."""
    return AccessChange.objects.aggregate(newest=Max("id"))["newest"] or 0


def _person(session_key: str) -> User:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User):
        raise SignedOut
    return user
