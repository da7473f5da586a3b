"""Makes the aliases or forwarders of a batch of imported rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AccessChange, Feature, LoginName
from domains.models import (
    Address,
    Alias,
    AliasTarget,
    Domain,
    Forwarder,
    ForwarderTarget,
    Job,
    JobKind,
    Mailbox,
    MailboxStatus,
    RowState,
)
from domains.services.ask_consent import ask_consent
from domains.services.carry_import import fits, hold_domains, refuse
from domains.services.read_targets import MAX_TARGETS
from domains.services.require_feature import has_feature
from domains.services.require_room import Room, room_left
from domains.services.set_alias import create_alias
from domains.services.set_forwarder import create_forwarder
from portal.errors import Conflict, InvalidInput, LimitReached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.actor import Actor
    from accounts.models import Tenant
    from domains.models import JobRow


def carry_targets(actor: Actor, job: Job, rows: Sequence[JobRow]) -> None:
    """Make what can be made and write into each row what became of it.

    Rows that cannot close a loop (mailboxes that forward nothing, addresses outside of this
    installation) are made together; the others one by one, by the service that looks for loops.
    """
    is_alias = job.kind == JobKind.IMPORT_ALIASES
    free = _free(job, rows)
    simple, careful = _split(job.tenant, free, is_alias=is_alias)
    room = room_left(job.tenant, Room.ALIASES if is_alias else Room.FORWARDERS)
    no_room = (
        _("The plan has no alias left for this row.")
        if is_alias
        else _("The plan has no forwarder left for this row.")
    )
    made = [row for place, row in enumerate(simple) if fits(row, place, room, no_room)]
    addresses = Address.objects.bulk_create(
        Address(
            tenant=job.tenant,
            domain=free[row],
            localpart=row.found["localpart"],
            email=row.found["email"],
        )
        for row in made
    )
    if is_alias:
        _aliases(job.tenant, made, addresses)
    else:
        _forwarders(job.tenant, made, addresses)
    AccessChange.objects.bulk_create(
        AccessChange(address=address.email, mailbox_id=0) for address in addresses
    )
    for row in made:
        row.state, row.message = RowState.DONE, ""
    for row in careful:
        _one(actor, row, free[row], is_alias=is_alias)


def _free(job: Job, rows: Sequence[JobRow]) -> dict[JobRow, Domain]:
    domains = hold_domains(job.tenant, {row.found["domain"] for row in rows})
    same = "alias__tenant" if job.kind == JobKind.IMPORT_ALIASES else "forwarder__tenant"
    taken = dict(
        Address.objects.filter(email__in=[row.found["email"] for row in rows]).values_list(
            "email", same
        )
    )
    free: dict[JobRow, Domain] = {}
    for row in rows:
        email = row.found["email"]
        if email in taken and taken[email] == job.tenant_id:
            row.state, row.message = RowState.SKIPPED, _("It exists already; nothing is changed.")
        elif email in taken:
            refuse(row, _("This address is already in use. Choose another one."))
        elif row.found["domain"] not in domains:
            refuse(row, _("The domain is gone or not proved any more."))
        else:
            free[row] = domains[row.found["domain"]]
    return free


def _split(
    tenant: Tenant, free: dict[JobRow, Domain], *, is_alias: bool
) -> tuple[list[JobRow], list[JobRow]]:
    wanted = {target for row in free for target in row.found["targets"]}
    if is_alias:
        harmless = set(
            Mailbox.objects.of(tenant)
            .exclude(status=MailboxStatus.DELETING)
            .filter(address__email__in=wanted, forward_to=[])
            .values_list("address__email", flat=True)
        )
    elif not has_feature(tenant, Feature.FORWARD_OUTSIDE):
        harmless = set()  # one by one: the service says which targets are no part of the plan
    else:
        hosts = {target.rpartition("@")[2] for target in wanted}
        hosted = set(Domain.objects.filter(name__in=hosts).values_list("name", flat=True))
        harmless = {target for target in wanted if target.rpartition("@")[2] not in hosted}
    simple = [
        row
        for row in free
        if len(row.found["targets"]) <= MAX_TARGETS and set(row.found["targets"]) <= harmless
    ]
    known = {row.pk for row in simple}
    return simple, [row for row in free if row.pk not in known]


def _aliases(tenant: Tenant, rows: Sequence[JobRow], addresses: Sequence[Address]) -> None:
    made = Alias.objects.bulk_create(Alias(tenant=tenant, address=a) for a in addresses)
    boxes = {
        box.address.email: box
        for box in Mailbox.objects.of(tenant)
        .filter(address__email__in={t for row in rows for t in row.found["targets"]})
        .select_related("address")
    }
    names: list[LoginName] = []
    targets: list[AliasTarget] = []
    for row, alias in zip(rows, made, strict=True):
        row.target_id = alias.pk
        readers = [boxes[target] for target in row.found["targets"]]
        targets += [
            AliasTarget(tenant=tenant, alias=alias, address_id=box.address_id) for box in readers
        ]
        if len(readers) == 1 and readers[0].owner_id is not None:
            names.append(LoginName(address=row.found["email"], user_id=readers[0].owner_id))
    AliasTarget.objects.bulk_create(targets)
    LoginName.objects.bulk_create(names, ignore_conflicts=True)


def _forwarders(tenant: Tenant, rows: Sequence[JobRow], addresses: Sequence[Address]) -> None:
    made = Forwarder.objects.bulk_create(Forwarder(tenant=tenant, address=a) for a in addresses)
    ForwarderTarget.objects.bulk_create(
        ForwarderTarget(forwarder=forwarder, email=target)
        for row, forwarder in zip(rows, made, strict=True)
        for target in row.found["targets"]
    )
    for row, forwarder in zip(rows, made, strict=True):
        row.target_id = forwarder.pk
    ask_consent(tenant, {target for row in rows for target in row.found["targets"]})


def _one(actor: Actor, row: JobRow, domain: Domain, *, is_alias: bool) -> None:
    local, targets = row.found["localpart"], row.found["targets"]
    try:
        with transaction.atomic():
            if is_alias:
                row.target_id = create_alias(
                    actor=actor, domain=domain, localpart=local, mailboxes=targets
                ).pk
            else:
                row.target_id = create_forwarder(
                    actor=actor, domain=domain, localpart=local, targets=targets
                ).pk
    except (InvalidInput, Conflict, LimitReached) as exc:
        refuse(row, str(exc.message))
    else:
        row.state, row.message = RowState.DONE, ""
