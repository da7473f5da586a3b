"""Uses a one-time link: a new person comes in, or somebody chooses a new password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.errors import EmailTaken, InvitationOver, NotAllowed
from accounts.models import Invitation, Membership
from accounts.selectors import person_by_login
from accounts.services.change_roles import ADMINS_CHANGED
from accounts.services.create_person import insert_person
from accounts.services.create_tenant import clean_name
from accounts.services.record_audit import record_audit
from accounts.services.set_password import set_password
from portal.logs import request_id
from portal.nudge import after_commit

if TYPE_CHECKING:
    from accounts.models import Tenant, User


def accept_invitation(
    *, invitation: Invitation, name: str, password: str, ip: str = "", language: str = ""
) -> User:
    """Make the invited person with name and password, in the role, and use the link up.

    Raises InvitationOver when somebody was faster, EmailTaken when the address signs in already
    (then `join_by_invitation` is the way), WeakPassword.
    """
    with transaction.atomic():
        row = _use(invitation)
        if row.user is not None:
            raise InvitationOver
        if person_by_login(row.email) is not None:
            raise EmailTaken
        person = insert_person(
            tenant=row.tenant,
            email=row.email,
            name=clean_name(name),
            password=password,
            language=language,
        )
        _join(person, row, ip)
    return person


def join_by_invitation(*, actor: Actor, invitation: Invitation) -> User:
    """Give the invited role to somebody who signs in here already, and use the link up.

    The invited address may be any the person signs in with, as an alias of his mailbox. Raises
    NotAllowed when it is somebody else's, InvitationOver.
    """
    person = actor.user
    with transaction.atomic():
        row = _use(invitation)
        if person is None or row.user is not None or person != person_by_login(row.email):
            raise NotAllowed
        _join(person, row, actor.ip)
    return person


def choose_password(*, invitation: Invitation, password: str, ip: str = "") -> User:
    """Set the password of the person the link belongs to, and use the link up.

    Raises InvitationOver, WeakPassword.
    """
    with transaction.atomic():
        row = _use(invitation)
        if row.user is None:
            raise InvitationOver
        actor = _acting(row.user, row.tenant, ip)
        return set_password(actor=actor, person=row.user, password=password)


def _use(invitation: Invitation) -> Invitation:
    now = timezone.now()
    used = Invitation.objects.filter(
        pk=invitation.pk,
        token_sha256=invitation.token_sha256,
        accepted_at=None,
        expires_at__gt=now,
    ).update(accepted_at=now)
    if not used:
        raise InvitationOver
    return Invitation.objects.select_related("tenant", "user", "user__tenant").get(pk=invitation.pk)


def _join(person: User, invitation: Invitation, ip: str) -> None:
    tenant = invitation.tenant
    if invitation.role:
        Membership.objects.get_or_create(user=person, tenant=tenant, role=invitation.role)
        after_commit(ADMINS_CHANGED, tenant.pk)
    record_audit(
        _acting(person, tenant, ip),
        tenant,
        action="invitation.accept",
        target=("person", person.pk, person.email),
        changes={"role": ["", invitation.role]},
    )


def _acting(person: User, tenant: Tenant, ip: str) -> Actor:
    return Actor(user=person, tenant=tenant, ip=ip, request_id=request_id.get())
