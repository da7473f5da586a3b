"""Gives a person a new password: after an invitation, a reset, or by his own wish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.errors import NotAllowed, WeakPassword, WrongPassword
from accounts.policy import require, require_over
from accounts.roles import Action
from accounts.services.note_access_change import note_person_change
from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import User


def set_password(*, actor: Actor, person: User, password: str) -> User:
    """Store the hash; every other session of the person ends, IMAP and POP3 too.

    A person may set his own; for somebody else PASSWORD_RESET and a higher standing are needed.
    Raises WeakPassword with the broken rules in words, NotAllowed.
    """
    if not actor.is_system and (actor.user is None or actor.user.pk != person.pk):
        require(actor, Action.PASSWORD_RESET, person.tenant)
        require_over(actor, person)
    check_password_rules(password, person)
    with transaction.atomic():
        person.set_password(password)
        person.password_changed_at = timezone.now()
        person.save(update_fields=["password", "password_changed_at"])
        note_person_change(person=person, kick=True)
        record_audit(
            actor,
            person.tenant,
            action="password.set",
            target=("person", person.pk, person.email),
        )
    return person


def check_password_rules(password: str, person: User | None) -> None:
    """Raise WeakPassword, on the field `password`, with every rule that `password` breaks."""
    try:
        validate_password(password, person)
    except ValidationError as exc:
        raise WeakPassword(" ".join(exc.messages), field="password") from exc


def change_own_password(*, actor: Actor, current: str, password: str) -> User:
    """Change the actor's own password. Raises WrongPassword, WeakPassword, NotAllowed."""
    person = actor.user
    if person is None:
        raise NotAllowed
    if not person.check_password(current):
        raise WrongPassword(field="current")
    return set_password(actor=actor, person=person, password=password)
