"""Makes a person in a tenant, with or without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import AccountsError, EmailTaken
from accounts.models import LoginName, User
from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from accounts.services.set_password import check_password_rules

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant


def create_person(
    *,
    actor: Actor,
    tenant: Tenant,
    email: str,
    name: str = "",
    password: str | None = None,
    language: str = "",
) -> User:
    """Insert the person. Without `password` nobody can sign in until a link was used.

    `email` is what the person signs in with: an outside address, or the hosted one that the
    caller also writes as a LoginName. Needs MAILBOX_CREATE or PEOPLE_CHANGE. Raises EmailTaken,
    WeakPassword, NotAllowed.
    """
    owner = actor.may(Action.MAILBOX_CREATE)
    require(actor, Action.MAILBOX_CREATE if owner else Action.PEOPLE_CHANGE, tenant)
    with transaction.atomic():
        person = insert_person(
            tenant=tenant, email=email, name=name, password=password, language=language
        )
        record_audit(
            actor,
            tenant,
            action="person.create",
            target=("person", person.pk, person.email),
            changes={"name": ["", person.name]} if person.name else {},
        )
    return person


def insert_person(
    *,
    tenant: Tenant,
    email: str,
    name: str = "",
    password: str | None = None,
    language: str = "",
) -> User:
    """Insert the person; policy and audit are the calling service's."""
    person = new_person(tenant=tenant, email=email, name=name, password=password, language=language)
    if LoginName.objects.filter(address=person.email).exists():
        raise EmailTaken(field="email")
    try:
        with transaction.atomic():
            person.save(force_insert=True)
    except IntegrityError as exc:
        raise EmailTaken(field="email") from exc
    return person


def new_person(
    *,
    tenant: Tenant,
    email: str,
    name: str = "",
    password: str | None = None,
    language: str = "",
) -> User:
    """Return the person for the caller to insert. Raises WeakPassword, AccountsError."""
    address = email.strip().lower()
    if "@" not in address:
        raise AccountsError(field="email")
    person = User(email=address, name=" ".join(name.split()), tenant=tenant, language=language)
    if password is None:
        person.set_unusable_password()
    else:
        check_password_rules(password, person)
        person.set_password(password)
        person.password_changed_at = timezone.now()
    return person
