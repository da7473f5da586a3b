"""Moves a domain with all in it to another tenant; no mail moves, nobody notices at the mailbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import Invitation, Membership, User
from accounts.policy import require
from accounts.roles import Action, Role
from accounts.services.change_roles import ADMINS_CHANGED
from accounts.services.lock_limits import lock_limits
from accounts.services.record_audit import record_audit
from domains.errors import CannotMove
from domains.models import (
    Address,
    AliasTarget,
    CatchAll,
    Departure,
    Domain,
    DomainStatus,
    Grant,
    GroupMember,
    Mailbox,
)
from domains.names import show_address
from domains.services.carry_consents import carry_consents
from domains.services.delete_domain import Contents, contents_of
from domains.services.hold_domain import hold_domain, note_domain_change
from domains.services.keep_reserved import keep_reserved
from domains.services.read_targets import lock_forwarding
from domains.services.request_dns_check import open_check
from domains.services.require_room import Room, require_room
from portal.nudge import after_commit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from accounts.actor import Actor
    from accounts.models import Tenant

NAMED = 3  # examples in a sentence


@dataclass(frozen=True, slots=True)
class MovePlan:
    """What moving would mean; `obstacles` are sentences that say what to do first."""

    contents: Contents
    people: int
    roles: list[str] = field(default_factory=list)  # roles in the old tenant that end
    obstacles: list[str] = field(default_factory=list)


def plan_move(*, actor: Actor, domain: Domain, target: Tenant) -> MovePlan:
    """Look at what stands in the way, and what follows. Raises NotAllowed."""
    _require(actor, domain, target)
    owners = _owners(domain)
    roles = Membership.objects.filter(tenant=domain.tenant_id, user__in=owners)
    return MovePlan(
        contents=contents_of(domain),
        people=owners.count(),
        roles=[
            f"{member.user.email}: {Role(member.role).label}"
            for member in roles.select_related("user").order_by("user__email")
        ],
        obstacles=_obstacles(domain, target),
    )


def move_domain(*, actor: Actor, domain: Domain, target: Tenant) -> Domain:
    """Move it: addresses, mailboxes and their people get a new home, their roles in the old end.

    Sign-ins, homes, DKIM keys and DNS stay as they are, and the DNS is looked at again. The audit
    trail and mail sent before stay with the old tenant. Only who stands above both tenants.
    Raises CannotMove with the obstacles, LimitReached of the target's plan, NotAllowed.
    """
    _require(actor, domain, target)
    with transaction.atomic():
        _lock(domain.tenant, target)
        held = hold_domain(domain)
        if obstacles := _obstacles(held, target):
            raise CannotMove(" ".join(obstacles), field="tenant")
        contents, source = contents_of(held), held.tenant
        for room, number in (
            (Room.DOMAINS, 1),
            (Room.MAILBOXES, contents.mailboxes),
            (Room.ALIASES, contents.aliases),
            (Room.FORWARDERS, contents.forwarders),
            (Room.GROUPS, contents.groups),
        ):
            require_room(target, room, wanted=number, moved_from=source)
        people = list(_owners(held).values_list("pk", flat=True))
        _end_roles(actor, source, people)
        # postmaster and abuse follow the admins of whoever holds the domain
        _targets_across(held).filter(alias__to_admins=True).delete()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        # The walls of the database carry the new tenant on, row by row (ON UPDATE CASCADE).
        User.objects.filter(pk__in=people).update(tenant=target)
        Domain.objects.filter(pk=held.pk).update(tenant=target)
        _move_loose_ends(held, target)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        held.tenant = target
        keep_reserved(held)
        for tenant in (source, target):
            after_commit(ADMINS_CHANGED, tenant.pk)
        carry_consents(domain=held, source=source, target=target)
        changes = {
            "tenant": [source.name, target.name],
            "moved_mailboxes": contents.mailboxes,
            "moved_people": len(people),
        }
        for place in sorted((source, target), key=lambda one: one.pk):
            record_audit(
                actor,
                place,
                action="domain.move",
                target=("domain", held.pk, held.name),
                changes=changes,
            )
        note_domain_change(held, kick=False)
        open_check(held, by_person=False)
    return held


def _require(actor: Actor, domain: Domain, target: Tenant) -> None:
    require(actor, Action.TENANT_CHANGE, domain.tenant)
    require(actor, Action.TENANT_CHANGE, target)


def _lock(source: Tenant, target: Tenant) -> None:
    """Lock both lines of tenants from the root down, then the forwarding graph."""
    for tenant in sorted((source, target), key=lambda one: one.path):
        lock_limits(tenant)
    lock_forwarding(source)


def _owners(domain: Domain) -> QuerySet[User]:
    return User.objects.filter(
        pk__in=Mailbox.objects.filter(address__domain=domain, owner__isnull=False).values("owner")
    )


def _move_loose_ends(domain: Domain, target: Tenant) -> None:
    """Set the tenant where rows have no wall of their own, and for mailboxes that nobody owns."""
    inside = Q(address__domain=domain)
    Address.objects.filter(domain=domain).exclude(tenant=target).update(tenant=target)
    Mailbox.objects.filter(inside).exclude(tenant=target).update(tenant=target)


def _end_roles(actor: Actor, source: Tenant, people: list[int]) -> None:
    held = Membership.objects.filter(tenant=source, user__in=people).select_related("user")
    for member in held.order_by("pk"):
        record_audit(
            actor,
            source,
            action="role.revoke",
            target=("person", member.user_id, member.user.email),
            changes={"role": [member.role, ""]},
        )
    held.delete()
    Invitation.objects.filter(tenant=source, user__in=people, accepted_at=None).delete()


def _obstacles(domain: Domain, target: Tenant) -> list[str]:
    found = []
    if domain.tenant_id == target.pk:
        return [_("It belongs to this tenant already.")]
    if target.status != "active":
        found.append(_("%(tenant)s is not active.") % {"tenant": target.name})
    if domain.status == DomainStatus.DELETING:
        found.append(_("It is being deleted. Undo that first."))
    if overlapping := _overlapping(domain, target):
        found.append(
            _(
                "A domain above or below it stays behind: %(names)s. Names that lie in each other belong to one tenant."
            )
            % {"names": _named(overlapping)}
        )
    if crossing := _crossing(domain):
        found.append(
            _("These lead from one domain of the tenant to another: %(names)s. Remove them first.")
            % {"names": _named(map(show_address, crossing))}
        )
    if torn := _torn(domain):
        found.append(
            _("These people have mailboxes in other domains of the tenant too: %(names)s.")
            % {"names": _named(map(show_address, torn))}
        )
    return found


def _named(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:NAMED]) + (" …" if len(listed) > NAMED else "")


def _overlapping(domain: Domain, target: Tenant) -> list[str]:
    labels = domain.name.split(".")
    above = [".".join(labels[i:]) for i in range(1, len(labels) - 1)]
    others = Domain.objects.exclude(pk=domain.pk).exclude(tenant=target)
    rows = others.filter(Q(name__in=above) | Q(name__endswith=f".{domain.name}"))
    return list(rows.order_by("name").values_list("name", flat=True)[: NAMED + 1])


def _crossing(domain: Domain) -> list[str]:
    """Return alias domains, aliases, catch-alls, groups, grants and leavers' plans with one foot outside."""
    targets = _targets_across(domain).filter(alias__to_admins=False)
    nets = CatchAll.objects.exclude(domain=F("address__domain")).filter(
        Q(domain=domain) | Q(address__domain=domain)
    )
    plans = (
        Departure.objects.filter(colleague__isnull=False)
        .exclude(mailbox__address__domain=F("colleague__address__domain"))
        .filter(Q(mailbox__address__domain=domain) | Q(colleague__address__domain=domain))
    )
    members = GroupMember.objects.exclude(group__address__domain=F("address__domain")).filter(
        Q(group__address__domain=domain) | Q(address__domain=domain), address__isnull=False
    )
    grants = Grant.objects.exclude(address__domain=F("mailbox__address__domain")).filter(
        Q(address__domain=domain) | Q(mailbox__address__domain=domain)
    )
    twins = Domain.objects.filter(alias_of__isnull=False).filter(
        Q(pk=domain.pk) | Q(alias_of=domain)
    )
    return [
        *(f"@{name}" for name in twins.values_list("name", flat=True)[: NAMED + 1]),
        *targets.values_list("alias__address__email", flat=True)[: NAMED + 1],
        *(f"@{name}" for name in nets.values_list("domain__name", flat=True)[: NAMED + 1]),
        *plans.values_list("mailbox__address__email", flat=True)[: NAMED + 1],
        *members.values_list("group__address__email", flat=True)[: NAMED + 1],
        *grants.values_list("address__email", flat=True)[: NAMED + 1],
    ]


def _targets_across(domain: Domain) -> QuerySet[AliasTarget]:
    return AliasTarget.objects.exclude(alias__address__domain=F("address__domain")).filter(
        Q(alias__address__domain=domain) | Q(address__domain=domain)
    )


def _torn(domain: Domain) -> list[str]:
    outside = Mailbox.objects.filter(owner__in=_owners(domain)).exclude(address__domain=domain)
    rows = User.objects.filter(pk__in=outside.values("owner")).order_by("email")
    return list(rows.values_list("email", flat=True)[: NAMED + 1])
