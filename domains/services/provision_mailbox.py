"""Opens a mailbox: person, sign-in, address and mailbox in one transaction, usable at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from accounts.models import AccessChange, Feature, LoginName, User
from accounts.policy import require
from accounts.roles import Action
from accounts.services.create_person import new_person
from accounts.services.invite_person import mail_password_link, new_password_link
from accounts.services.record_audit import audit_event
from domains.errors import AddressTaken, PersonElsewhere
from domains.models import Mailbox
from domains.names import NameRefused, parse_display_name
from domains.services.check_quota import check_quota
from domains.services.claim_address import claim, read_localpart
from domains.services.keep_reserved import keep_reserved
from domains.services.require_room import Room, chain_of, require_room
from portal.together import insert_together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model

    from accounts.actor import Actor
    from accounts.models import AuditEvent, Tenant
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
        is_new = not shared and not claimed.known_id
        owner: User | None = None
        link: Link | None = None
        rows: list[Sequence[Model]] = []
        events: list[AuditEvent] = []
        if is_new:
            owner = new_person(
                tenant=tenant, email=address.email, name=shown, password=password, language=language
            )
            owner.pk = claimed.person_id
            link, rows, events = _comes_in(
                actor.in_domain(domain.pk), owner, invite_email=invite_email
            )
        elif not shared:
            owner = _known(claimed.known_id, tenant)
            LoginName.objects.bulk_create(
                [LoginName(address=address.email, user=owner)], ignore_conflicts=True
            )
        mailbox = Mailbox(
            pk=claimed.mailbox_id,
            allow_pop3=all(Feature.POP3 not in one.left_out for one in chain_of(limits)),
            tenant=tenant,
            address=address,
            owner=owner,
            name=shown,
            quota_bytes=quota_bytes,
        )
        events.append(
            audit_event(
                actor,
                tenant,
                action="mailbox.create",
                target=("mailbox", mailbox.pk, address.email),
                changes={"name": ["", shown], "quota_bytes": [None, quota_bytes]}
                | ({"shared": True} if shared else {}),
            )
        )
        # A mail program may have been refused a moment ago, and Dovecot remembers that.
        change = AccessChange(address=address.email, mailbox_id=mailbox.pk)
        try:
            insert_together([mailbox], *rows, [change], events)
        except IntegrityError as exc:  # somebody else came to this address meanwhile
            raise AddressTaken(field="localpart") from exc
        if link is not None:
            link = mail_password_link(link)
        # Who was here before may be an admin, whose own mailbox these addresses follow.
        if not claimed.is_reserved_served or (owner is not None and not is_new):
            keep_reserved(domain)
    return Provisioned(mailbox, owner, is_new, link)


def read_display_name(text: str) -> str:
    """Return the name as it is stored. Raises NameRefused on the field `name`."""
    try:
        return parse_display_name(text)
    except NameRefused as exc:
        exc.field = "name"
        raise


def _comes_in(
    actor: Actor, person: User, *, invite_email: str
) -> tuple[Link | None, list[Sequence[Model]], list[AuditEvent]]:
    """Return the rows of a new person, and a link where he has no password yet."""
    rows: list[Sequence[Model]] = [[person], [LoginName(address=person.email, user=person)]]
    events = [
        audit_event(
            actor,
            person.tenant,
            action="person.create",
            target=("person", person.pk, person.email),
            changes={"name": ["", person.name]},
        )
    ]
    if person.has_usable_password():
        return None, rows, events
    link, event = new_password_link(actor=actor, person=person, email=invite_email)
    return link, [*rows, [link.invitation]], [*events, event]


def _known(person_id: int, tenant: Tenant) -> User:
    person = User.objects.get(pk=person_id)
    if person.tenant_id != tenant.pk:
        raise PersonElsewhere(field="localpart")
    return person
