"""Keeps a person out and lets him in again: web, IMAP, POP3 and SMTP alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.errors import NotAllowed
from accounts.models import Invitation, User
from accounts.policy import require, require_over
from accounts.roles import Action
from accounts.services.change_roles import ADMINS_CHANGED
from accounts.services.note_access_change import note_person_change
from accounts.services.record_audit import record_audit
from portal.errors import Conflict
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.actor import Actor


def suspend_person(*, actor: Actor, person: User) -> User:
    """Suspend; open sessions end, mail keeps arriving. Raises NotAllowed, Conflict."""
    _check(actor, person)
    if actor.user is not None and actor.user.pk == person.pk:
        raise NotAllowed
    with transaction.atomic():
        now = timezone.now()
        changed = User.objects.filter(pk=person.pk, suspended_at=None).update(
            is_active=False, suspended_at=now
        )
        if not changed:
            raise Conflict
        person.is_active, person.suspended_at = False, now
        Invitation.objects.filter(invited_by=person, accepted_at=None).delete()
        Invitation.objects.filter(user=person, accepted_at=None).delete()
        _record(actor, person, "person.suspend")
        note_person_change(person=person, kick=True)
        _tell_places(person)
    return person


def resume_person(*, actor: Actor, person: User) -> User:
    """Let the person sign in again. Raises NotAllowed, Conflict."""
    _check(actor, person)
    with transaction.atomic():
        changed = User.objects.filter(pk=person.pk, suspended_at__isnull=False).update(
            is_active=True, suspended_at=None
        )
        if not changed:
            raise Conflict
        person.is_active, person.suspended_at = True, None
        _record(actor, person, "person.resume")
        note_person_change(person=person, kick=False)
        _tell_places(person)
    return person


def _check(actor: Actor, person: User) -> None:
    require(actor, Action.PEOPLE_CHANGE, person.tenant)
    require_over(actor, person)


def _tell_places(person: User) -> None:
    """Let the addresses that follow the admins of a tenant follow those who can sign in."""
    for tenant_id in person.memberships.values_list("tenant_id", flat=True).distinct():
        after_commit(ADMINS_CHANGED, tenant_id)


def _record(actor: Actor, person: User, action: str) -> None:
    record_audit(actor, person.tenant, action=action, target=("person", person.pk, person.email))
