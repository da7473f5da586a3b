"""Opens the mailboxes of a batch of imported rows: the same rules as one by one, constant queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AccessChange, Feature, LoginName, User
from accounts.policy import require
from accounts.roles import Action
from accounts.services.invite_person import Wanted, make_password_links
from domains.models import (
    Address,
    Alias,
    AliasTarget,
    Domain,
    Group,
    Job,
    Mailbox,
    MailboxStatus,
    RowState,
)
from domains.selectors import open_domains
from domains.selectors.search import seen
from domains.services.job_links import link_token
from domains.services.keep_reserved import keep_reserved
from domains.services.read_members import MAX_MEMBERS, count_members
from domains.services.read_targets import lock_forwarding
from domains.services.require_feature import has_feature
from domains.services.require_room import Room, room_left
from domains.services.set_group import join_group

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from accounts.actor import Actor
    from accounts.models import Tenant
    from domains.models import JobRow


@dataclass(slots=True)
class _Opening:
    """What becomes of one row. `owner` unsaved: a new person."""

    row: JobRow
    domain: Domain
    owner: User
    is_new: bool
    aliases: list[str] = field(default_factory=list)
    mailbox: Mailbox | None = None


def carry_mailboxes(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """Open what can be opened and write into each row what became of it.

    Runs inside the caller's transaction, which holds the tenant's limits.
    """
    groups = _hold_groups(actor, job, rows)
    openings = _possible(job, rows, groups)
    if not openings:
        return
    _insert(job, openings)
    _insert_aliases(job.tenant, openings)
    for email, group in groups.items():
        joining = [
            one.mailbox.address
            for one in openings
            if one.mailbox is not None and email in one.row.found.get("groups", ())
        ]
        if joining:
            join_group(actor, group, joining)
    new = [one for one in openings if one.is_new]
    by_link = [one for one in new if not one.row.found["password"]]
    make_password_links(
        actor=actor.in_domain(openings[0].domain.pk),
        tenant=job.tenant,
        wanted=[
            Wanted(one.owner, link_token(job, one.row), one.row.found["invite"]) for one in by_link
        ],
    )
    if by_link:
        job.options = job.options | {"has_links": True}
        job.save(update_fields=["options"])
    for domain in {one.domain.pk: one.domain for one in openings}.values():
        keep_reserved(domain)
    for one in openings:
        one.row.state = RowState.DONE
        one.row.target_id = one.mailbox.pk if one.mailbox else None
        one.row.message = _words(one)


def hold_domains(tenant: Tenant, names: Collection[str]) -> dict[str, Domain]:
    """Return the proved domains of `tenant` by name, locked so that addresses can be claimed."""
    held = (
        open_domains(tenant)
        .filter(name__in=names)
        .select_for_update(no_key=True, of=("self",))
        .order_by("pk")
    )
    found = {domain.name: domain for domain in held}
    for domain in found.values():
        domain.tenant = tenant  # as the caller sees it
    return found


def refuse(row: JobRow, words: str) -> None:
    """Write into the row that it was not done, and why."""
    row.state, row.message = RowState.REFUSED, words


def fits(row: JobRow, place: int, room: int | None, words: str) -> bool:
    """Whether the plan has a place left for the row; else the row says so."""
    if room is None or place < room:
        return True
    refuse(row, words)
    return False


def _hold_groups(actor: Actor, job: Job, rows: Sequence[JobRow]) -> dict[str, Group]:
    """Return the groups that rows name, locked, by address; before anything else is locked."""
    wanted = {email for row in rows for email in row.found.get("groups", ())}
    if not wanted:
        return {}
    require(actor, Action.GROUP_CHANGE, job.tenant, domain_ids=actor.domain_ids or ())
    lock_forwarding(job.tenant)
    held = (
        Group.objects.select_for_update(of=("self",), no_key=True)
        .select_related("address", "tenant")
        .filter(seen(job.tenant), tenant=job.tenant, address__email__in=wanted)
        .order_by("pk")
    )
    return {group.address.email: group for group in held}


def _refused_by_group(row: JobRow, groups: Mapping[str, Group], room: dict[str, int]) -> bool:
    """Whether one of the row's groups is gone or full; the row says so. Else it takes its places."""
    wanted = row.found.get("groups", ())
    for email in wanted:
        if email not in groups:
            refuse(row, _("There is no group %(address)s. Make it first.") % {"address": email})
            return True
        if room.setdefault(email, MAX_MEMBERS - count_members(groups[email])) <= 0:
            refuse(row, _("A group has at most %(n)d members.") % {"n": MAX_MEMBERS})
            return True
    for email in wanted:
        room[email] -= 1
    return False


def _possible(job: Job, rows: Sequence[JobRow], groups: Mapping[str, Group]) -> list[_Opening]:
    tenant = job.tenant
    domains = hold_domains(tenant, {row.found["domain"] for row in rows})
    emails = {row.found["email"] for row in rows}
    aliases = {alias for row in rows for alias in row.found["aliases"]}
    domains |= hold_domains(tenant, {a.rpartition("@")[2] for a in aliases} - domains.keys())
    taken = dict(
        Address.objects.filter(email__in=emails | aliases).values_list("email", "mailbox__tenant")
    )
    people = _people(emails)
    names = set(LoginName.objects.filter(address__in=aliases).values_list("address", flat=True))
    room, alias_room = room_left(tenant, Room.MAILBOXES), room_left(tenant, Room.ALIASES)
    openings: list[_Opening] = []
    alias_count = 0
    group_room: dict[str, int] = {}
    for row in rows:
        found = row.found
        email = found["email"]
        if email in taken:
            if taken[email] == tenant.pk:
                row.state, row.message = (
                    RowState.SKIPPED,
                    _("It exists already; nothing is changed."),
                )
            else:
                refuse(row, _("This address is already in use. Choose another one."))
            continue
        if found["domain"] not in domains:
            refuse(row, _("The domain is gone or not proved any more."))
            continue
        known = people.get(email)
        if known is not None and known.tenant_id != tenant.pk:
            refuse(
                row,
                _(
                    "Somebody of another organisation signs in with this address. "
                    "Choose another one."
                ),
            )
            continue
        wanted = [a for a in found["aliases"] if a.rpartition("@")[2] in domains]
        busy = [a for a in wanted if a in taken or a in names or a in emails]
        if busy:
            refuse(row, _("The alias %(address)s is already in use.") % {"address": busy[0]})
            continue
        if not fits(row, len(openings), room, _("The plan has no mailbox left for this row.")):
            continue
        over = alias_room is not None and alias_count + len(wanted) > alias_room
        if over:
            refuse(row, _("The plan has no alias left for this row."))
            continue
        if _refused_by_group(row, groups, group_room):
            continue
        alias_count += len(wanted)
        taken |= dict.fromkeys([email, *wanted], tenant.pk)
        openings.append(
            _Opening(
                row=row,
                domain=domains[found["domain"]],
                owner=known or _person(job, found),
                is_new=known is None,
                aliases=wanted,
            )
        )
    return openings


def _people(emails: set[str]) -> dict[str, User]:
    found = {
        name.address: name.user
        for name in LoginName.objects.filter(address__in=emails).select_related("user")
    }
    return found | {user.email: user for user in User.objects.filter(email__in=emails)}


def _person(job: Job, found: dict[str, Any]) -> User:
    stored = found["password"]
    return User(
        email=found["email"],
        name=found["name"],
        tenant=job.tenant,
        password=stored or make_password(None),
        password_changed_at=timezone.now() if stored else None,
    )


def _insert(job: Job, openings: Sequence[_Opening]) -> None:
    tenant = job.tenant
    User.objects.bulk_create([one.owner for one in openings if one.is_new])
    addresses = Address.objects.bulk_create(
        Address(
            tenant=tenant,
            domain=one.domain,
            localpart=one.row.found["localpart"],
            email=one.row.found["email"],
        )
        for one in openings
    )
    standard: int = job.options.get("quota_bytes", 0)
    allow_pop3 = has_feature(tenant, Feature.POP3)
    mailboxes = Mailbox.objects.bulk_create(
        Mailbox(
            tenant=tenant,
            address=address,
            owner=one.owner,
            name=one.row.found["name"],
            quota_bytes=standard
            if one.row.found["quota_bytes"] is None
            else one.row.found["quota_bytes"],
            status=MailboxStatus.ACTIVE,
            allow_pop3=allow_pop3,
        )
        for one, address in zip(openings, addresses, strict=True)
    )
    for one, mailbox in zip(openings, mailboxes, strict=True):
        one.mailbox = mailbox
    LoginName.objects.bulk_create(
        [LoginName(address=one.row.found["email"], user=one.owner) for one in openings],
        ignore_conflicts=True,  # somebody known already signs in with it
    )
    # A mail program may have been refused a moment ago, and Dovecot remembers that.
    AccessChange.objects.bulk_create(
        AccessChange(address=address.email, mailbox_id=mailbox.pk)
        for address, mailbox in zip(addresses, mailboxes, strict=True)
    )


def _insert_aliases(tenant: Tenant, openings: Sequence[_Opening]) -> None:
    pairs = [(alias, one) for one in openings for alias in one.aliases]
    if not pairs:
        return
    ids = dict(
        Domain.objects.of(tenant)
        .filter(name__in={alias.rpartition("@")[2] for alias, _one in pairs})
        .values_list("name", "pk")
    )
    addresses = Address.objects.bulk_create(
        Address(
            tenant=tenant,
            domain_id=ids[alias.rpartition("@")[2]],
            localpart=alias.rpartition("@")[0],
            email=alias,
        )
        for alias, _one in pairs
    )
    made = Alias.objects.bulk_create(Alias(tenant=tenant, address=a) for a in addresses)
    AliasTarget.objects.bulk_create(
        AliasTarget(tenant=tenant, alias=alias, address_id=one.mailbox.address_id)
        for alias, (_text, one) in zip(made, pairs, strict=True)
        if one.mailbox is not None
    )
    # With one reader the alias is also a name he signs in with.
    LoginName.objects.bulk_create(LoginName(address=alias, user=one.owner) for alias, one in pairs)
    AccessChange.objects.bulk_create(
        AccessChange(address=alias, mailbox_id=0) for alias, _one in pairs
    )


def _words(one: _Opening) -> str:
    if not one.is_new:
        return _("Opened for somebody known already; the password stays.")
    if one.row.found["password"]:
        return _("Opened with the password from before.")
    if one.row.found["invite"]:
        return _("Opened; the link goes to %(address)s.") % {"address": one.row.found["invite"]}
    return _("Opened; the link is in the result file.")
