"""Makes the one-time links by which people come in or choose a new password."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.errors import AccountsError, EmailTaken
from accounts.models import Invitation, Membership
from accounts.policy import require, require_over
from accounts.roles import Action, Role
from accounts.selectors import person_by_login
from accounts.services.change_roles import check_role
from accounts.services.record_audit import audit_event, record_audit
from portal.config import stack
from portal.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from accounts.models import AuditEvent, Tenant, User

INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=24)
FORGOT_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation and its address, which exists nowhere else: show it now or never."""

    invitation: Invitation
    url: str
    mailed_to: str  # empty: not mailed, hand the address over


def invite_person(
    *,
    actor: Actor,
    tenant: Tenant,
    email: str,
    role: Role,
    name: str = "",
    mail: bool = True,
    token: str = "",
) -> Link:
    """Invite somebody into a role; the link goes by mail and may be handed over as well.

    `token` is a secret of the caller's own, who can then make the link again. Raises Conflict when
    an invitation to the address is open, EmailTaken when the person belongs here already,
    NotAllowed, AccountsError.
    """
    require(actor, Action.PEOPLE_CHANGE, tenant)
    check_role(actor, tenant, role)
    address = clean_email(email)
    with transaction.atomic():
        _refuse_member(tenant, address)
        earlier = Invitation.objects.filter(
            tenant=tenant, email=address, accepted_at=None, user=None
        )
        if earlier.filter(expires_at__gt=timezone.now()).exists():
            raise Conflict(
                gettext_lazy("This address has an open invitation. Resend or withdraw that one."),
                field="email",
            )
        earlier.delete()
        link = _insert(
            actor,
            Invitation(tenant=tenant, email=address, name=" ".join(name.split())[:120], role=role),
            INVITATION_LIFE,
            token,
        )
        record_audit(
            actor,
            tenant,
            action="invitation.create",
            target=("invitation", link.invitation.pk, address),
            changes={"role": ["", role.value]},
        )
        return _mailed(link, "invitation", _language(tenant)) if mail else link


def resend_invitation(*, actor: Actor, invitation: Invitation) -> Link:
    """Make a new link for an unused invitation and mail it; the old link stops working."""
    require(actor, Action.PEOPLE_CHANGE, invitation.tenant)
    check_role(actor, invitation.tenant, Role(invitation.role))
    with transaction.atomic():
        token = secrets.token_urlsafe(32)
        invitation.token_sha256 = hash_of(token)
        invitation.expires_at = timezone.now() + INVITATION_LIFE
        invitation.invited_by = actor.user
        invitation.save(update_fields=["token_sha256", "expires_at", "invited_by"])
        record_audit(
            actor,
            invitation.tenant,
            action="invitation.resend",
            target=("invitation", invitation.pk, invitation.email),
        )
        link = Link(invitation, link_url(token), "")
        return _mailed(link, "invitation", _language(invitation.tenant))


def revoke_invitation(*, actor: Actor, invitation: Invitation) -> None:
    """Withdraw an unused invitation; its link stops working."""
    require(actor, Action.PEOPLE_CHANGE, invitation.tenant)
    with transaction.atomic():
        record_audit(
            actor,
            invitation.tenant,
            action="invitation.revoke",
            target=("invitation", invitation.pk, invitation.email),
        )
        invitation.delete()


def make_password_link(
    *, actor: Actor, person: User, email: str = "", life: timedelta | None = None
) -> Link:
    """Make a link by which `person` chooses a password; earlier ones stop working.

    With `email` (an address outside the mailbox it opens) it is mailed there. Without `life` it
    lasts a week for somebody who never had a password, else a day. Raises NotAllowed.
    """
    require_over(actor, person)
    link, event = new_password_link(actor=actor, person=person, email=email, life=life)
    with transaction.atomic():
        Invitation.objects.filter(user=person, accepted_at=None).delete()
        link.invitation.save(force_insert=True)
        event.save(force_insert=True)
        return mail_password_link(link)


def new_password_link(
    *, actor: Actor, person: User, email: str = "", life: timedelta | None = None
) -> tuple[Link, AuditEvent]:
    """Return a link and what the audit trail says of it, for the caller to insert and then to mail.

    For somebody known already, `make_password_link` makes sure that the actor stands above him.
    Raises NotAllowed.
    """
    require(actor, Action.PASSWORD_RESET, person.tenant)
    token = secrets.token_urlsafe(32)  # 256 random bits
    invitation = Invitation(
        tenant=person.tenant,
        user=person,
        email=clean_email(email) if email else "",
        name=person.name,
        token_sha256=hash_of(token),
        invited_by=actor.user,
        expires_at=timezone.now()
        + (life or (RESET_LIFE if person.has_usable_password() else INVITATION_LIFE)),
    )
    event = audit_event(
        actor,
        person.tenant,
        action="password.link",
        target=("person", person.pk, person.email),
    )
    return Link(invitation, link_url(token), ""), event


def mail_password_link(link: Link) -> Link:
    """Mail the link where its invitation names an address."""
    invitation, person = link.invitation, link.invitation.user
    if not invitation.email or person is None:
        return link
    letter = "reset" if person.has_usable_password() else "welcome"
    return _mailed(link, letter, person.language or _language(invitation.tenant))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link to make for `person`; `token` is the caller's secret. Without `email` nobody is mailed."""

    person: User
    token: str
    email: str = ""


def make_password_links(*, actor: Actor, tenant: Tenant, wanted: Sequence[Wanted]) -> None:
    """Make links as `make_password_link` does for many people of `tenant` inside one transaction.

    Three queries and what the mails cost. The caller asked `stood_over` and writes the audit row.
    Raises NotAllowed.
    """
    require(actor, Action.PASSWORD_RESET, tenant)
    people = [one.person.pk for one in wanted]
    Invitation.objects.filter(user__in=people, accepted_at=None).delete()
    now = timezone.now()
    made = Invitation.objects.bulk_create(
        Invitation(
            tenant=tenant,
            user=one.person,
            email=one.email,
            name=one.person.name,
            token_sha256=hash_of(one.token),
            invited_by=actor.user,
            expires_at=now + (RESET_LIFE if one.person.has_usable_password() else INVITATION_LIFE),
        )
        for one in wanted
    )
    for one, invitation in zip(wanted, made, strict=True):
        mail_password_link(Link(invitation, link_url(one.token), ""))


def link_url(token: str) -> str:
    """Return the address of a link with this token, on the fixed address of the site.

    A forged Host header must not lead people elsewhere.
    """
    return stack().url + reverse("accounts:invitation", args=[token])


def clean_email(email: str) -> str:
    """Return the address in lower case. Raises AccountsError when it is none."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as exc:
        raise AccountsError(gettext_lazy("Please give a mail address."), field="email") from exc
    return address


def hash_of(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _refuse_member(tenant: Tenant, address: str) -> None:
    person = person_by_login(address)
    if person is None:
        return
    member = Membership.objects.filter(user=person, tenant=tenant).exists()
    if member or person.tenant_id == tenant.pk:
        raise EmailTaken(
            gettext_lazy("This person belongs here already: open the person to add a role."),
            field="email",
        )


def _insert(actor: Actor, invitation: Invitation, life: timedelta, token: str = "") -> Link:
    token = token or secrets.token_urlsafe(32)  # 256 random bits
    invitation.token_sha256 = hash_of(token)
    invitation.expires_at = timezone.now() + life
    invitation.invited_by = actor.user
    invitation.save(force_insert=True)
    return Link(invitation, link_url(token), "")


def _language(tenant: Tenant) -> str:
    return tenant.language or translation.get_language() or "en"


def _mailed(link: Link, letter: str, language: str) -> Link:
    invitation = link.invitation
    zone = ZoneInfo(invitation.tenant.timezone or settings.DISPLAY_TIME_ZONE)
    with translation.override(language), timezone.override(zone):
        subjects = {
            "invitation": _("Invitation to %(tenant)s"),
            "welcome": _("Your mailbox at %(tenant)s"),
            "reset": _("Choose a new password for %(tenant)s"),
        }
        context = {"link": link, "invitation": invitation, "brand": stack().brand}
        EmailMessage(
            subject=subjects[letter] % {"tenant": invitation.tenant.name},
            body=render_to_string(f"accounts/mail/{letter}.txt", context),
            to=[invitation.email],
        ).send()
    return Link(invitation, link.url, invitation.email)
