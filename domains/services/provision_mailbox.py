"""Opens a mailbox: person, sign-in, address and mailbox in one transaction, usable at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from accounts.models import Feature, LoginName, User
from accounts.policy import require
from accounts.roles import Action
from accounts.services.create_person import create_person
from accounts.services.invite_person import make_password_link
from accounts.services.note_access_change import note_access_change
from accounts.services.record_audit import record_audit
from domains.errors import PersonElsewhere
from domains.models import Mailbox
from domains.names import NameRefused, parse_display_name
from domains.services.check_quota import check_quota
from domains.services.claim_address import claim, read_localpart
from domains.services.keep_reserved import keep_reserved
from domains.services.require_room import Room, chain_of, require_room

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import Tenant
    from accounts.services.invite_person import Link
    from domains.models import Domain


@dataclass(frozen=True, slots=True)
class Provisioned:
    """A fresh mailbox; `owner` None for a shared one. `is_new_person`: False when he was known.

    `link` lets a new person choose his password; its address exists nowhere else.
    """

    mailbox: Mailbox
    owner: User | None
    is_new_person: bool
    link: Link | None


def provision_mailbox(
    *,
    actor: Actor,
    domain: Domain,
    localpart: str,
    name: str,
    quota_bytes: int = 0,
    password: str | None = None,
    invite_email: str = "",
    shared: bool = False,
    language: str = "",
) -> Provisioned:
    """Open `localpart`@`domain`. Postfix and Dovecot know it as soon as the transaction commits.

    Without `password` nobody signs in before he chose one by the link returned, which is mailed
    to `invite_email` when that is given. A person of the same tenant who already signs in with
    the address gets the mailbox and keeps his password. Raises, each on its field: NameRefused,
    AddressReserved, AddressTaken, DomainNotProved, QuotaRefused, WeakPassword, PersonElsewhere;
    LimitReached, NotAllowed.
    """
    tenant = domain.tenant
    require(actor, Action.MAILBOX_CREATE, tenant, domain_ids=[domain.pk])
    local = read_localpart(localpart)
    shown = read_display_name(name)
    check_quota(tenant, quota_bytes)
    with transaction.atomic():
        limits = require_room(tenant, Room.MAILBOXES)
        claimed = claim(domain, local.text)
        address = claimed.address
        owner, is_new = (
            (None, False)
            if shared
            else _owner(
                actor.in_domain(domain.pk), tenant, address.email, shown, password, language
            )
        )
        mailbox = Mailbox.objects.create(
            allow_pop3=all(Feature.POP3 not in one.left_out for one in chain_of(limits)),
            tenant=tenant,
            address=address,
            owner=owner,
            name=shown,
            quota_bytes=quota_bytes,
        )
        if owner is not None:
            LoginName.objects.bulk_create(
                [LoginName(address=address.email, user=owner)], ignore_conflicts=True
            )
        link = None
        if owner is not None and is_new and password is None:
            link = make_password_link(
                actor=actor.in_domain(domain.pk), person=owner, email=invite_email
            )
        # Who was here before may be an admin, whose own mailbox these addresses follow.
        if not claimed.is_reserved_served or (owner is not None and not is_new):
            keep_reserved(domain)
        # A mail program may have been refused a moment ago, and Dovecot remembers that.
        note_access_change(address=address.email, mailbox_id=mailbox.pk)
        record_audit(
            actor,
            tenant,
            action="mailbox.create",
            target=("mailbox", mailbox.pk, address.email),
            changes={"name": ["", shown], "quota_bytes": [None, quota_bytes]}
            | ({"shared": True} if shared else {}),
        )
    return Provisioned(mailbox, owner, is_new, link)


def read_display_name(text: str) -> str:
    """Return the name as it is stored. Raises NameRefused on the field `name`."""
    try:
        return parse_display_name(text)
    except NameRefused as exc:
        exc.field = "name"
        raise


def _owner(
    actor: Actor, tenant: Tenant, email: str, name: str, password: str | None, language: str
) -> tuple[User, bool]:
    known = User.objects.filter(email=email).first()
    if known is None:
        login = LoginName.objects.filter(address=email).select_related("user").first()
        known = login.user if login else None
    if known is None:
        person = create_person(
            actor=actor,
            tenant=tenant,
            email=email,
            name=name,
            password=password,
            language=language,
        )
        return person, True
    if known.tenant_id != tenant.pk:
        raise PersonElsewhere(field="localpart")
    return known, False
