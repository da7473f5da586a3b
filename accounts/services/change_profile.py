"""Changes what a person may set about himself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.errors import NotAllowed
from accounts.models import User
from accounts.services.create_tenant import clean_name
from accounts.services.record_audit import record_audit

if TYPE_CHECKING:
    from accounts.actor import Actor


def change_profile(*, actor: Actor, name: str, language: str, timezone: str, theme: str) -> User:
    """Change the actor's own name, language, zone and theme; empty means "as the tenant has it"."""
    if actor.user is None:
        raise NotAllowed
    wanted = {
        "name": clean_name(name),
        "language": language,
        "timezone": timezone,
        "theme": theme,
    }
    with transaction.atomic():
        person = User.objects.select_for_update(of=("self",)).get(pk=actor.user.pk)
        changes: dict[str, Any] = {
            field: [getattr(person, field), value]
            for field, value in wanted.items()
            if getattr(person, field) != value
        }
        if changes:
            for field, (_before, after) in changes.items():
                setattr(person, field, after)
            person.save(update_fields=list(changes))
            record_audit(
                actor,
                person.tenant,
                action="person.change",
                target=("person", person.pk, person.email),
                changes=changes,
            )
    return person
