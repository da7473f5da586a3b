"""Registers a domain for a tenant: the name is taken at once, mail flows after proof of ownership."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Tenant, TenantKind
from accounts.policy import require
from accounts.roles import Action
from accounts.services.record_audit import record_audit
from domains.dkim import make_key_pair
from domains.errors import DomainListed, DomainOfOperator, DomainOverlaps, DomainTaken
from domains.models import Domain
from domains.names import NameRefused, parse_domain_name
from domains.services.ready_keys import SELECTORS, add_keys
from domains.services.request_dns_check import open_check
from domains.services.require_room import Room, require_room
from portal.config import stack

if TYPE_CHECKING:
    from accounts.actor import Actor
    from domains.names import DomainName

TOKEN_BYTES = 16
_LOCK = 0x686F7074687502  # advisory: names above and below each other are compared one at a time


def register_domain(*, actor: Actor, tenant: Tenant, name: str, at_once: bool = True) -> Domain:
    """Insert the pending domain with its token and DKIM keys, and ask its DNS at once.

    Without `at_once` the clock makes the keys and asks: for who registers hundreds.

    Raises NameRefused, DomainListed, DomainTaken, DomainOverlaps, DomainOfOperator (all on the
    field `name`), LimitReached, NotAllowed.
    """
    require(actor, Action.DOMAIN_CREATE, tenant)
    parsed = _read(name)
    refuse_operators_own(parsed, tenant)
    pairs = [make_key_pair() for _selector in SELECTORS] if at_once else []
    with transaction.atomic():
        # tenants before names, as everywhere: who holds the names never waits for a tenant
        require_room(tenant, Room.DOMAINS)
        _lock_names()
        refuse_taken(parsed, tenant)
        domain = _insert(parsed, tenant)
        record_audit(
            actor, tenant, action="domain.create", target=("domain", domain.pk, domain.name)
        )
        if at_once:
            add_keys(domain, pairs)
            open_check(domain, by_person=False)
    return domain


def _read(name: str) -> DomainName:
    try:
        return parse_domain_name(name)
    except NameRefused as exc:
        exc.field = "name"
        raise


def _insert(parsed: DomainName, tenant: Tenant) -> Domain:
    try:
        with transaction.atomic():
            return Domain.objects.create(
                tenant=tenant,
                name=parsed.a_label,
                ownership_token=secrets.token_hex(TOKEN_BYTES),
                next_check_at=timezone.now(),
            )
    except IntegrityError as exc:
        raise DomainTaken(field="name") from exc


def refuse_operators_own(parsed: DomainName, tenant: Tenant | None) -> None:
    """Raise DomainOfOperator for the names that the installation itself needs."""
    if tenant is not None and tenant.kind == TenantKind.OPERATOR:
        return
    for own in {stack().operator_domain, stack().mail_hostname}:
        if parsed.a_label == own or parsed.a_label in own_parents(own) or own in parsed.parents:
            raise DomainOfOperator(field="name")


def own_parents(name: str) -> list[str]:
    """Return every name above `name`, the top level left out."""
    labels = name.split(".")
    return [".".join(labels[i:]) for i in range(1, len(labels) - 1)]


def _lock_names() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def refuse_taken(parsed: DomainName, tenant: Tenant | None) -> None:
    """Raise where the name, one above or one below is somebody's; None: of a tenant yet to come.

    Raises DomainListed, DomainTaken, DomainOverlaps.
    """
    own = tenant.pk if tenant else 0
    same = Domain.objects.filter(name=parsed.a_label).values_list("tenant_id", flat=True).first()
    if same is not None:
        raise (DomainListed if same == own else DomainTaken)(field="name")
    others = Domain.objects.exclude(tenant_id=own)
    if others.filter(name__in=parsed.parents).exists() or _names_below(parsed, own):
        raise DomainOverlaps(field="name")


def _names_below(parsed: DomainName, tenant_id: int) -> bool:
    """Return whether another tenant has a name below; served by the index on reverse(name)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM domains_domain"
            " WHERE reverse(name) LIKE reverse(%s) || '.%%' AND tenant_id <> %s)",
            [parsed.a_label, tenant_id],
        )
        return bool((cursor.fetchone() or (False,))[0])
