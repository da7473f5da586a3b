"""Reads where mail is to be passed on to, and refuses what would never arrive or never end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.services.lock_limits import lock_limits
from domains.errors import ForwardLoop, TargetRefused, TooManyTargets
from domains.models import (
    Address,
    AliasTarget,
    CatchAll,
    Domain,
    ForwarderTarget,
    GroupMember,
    Mailbox,
)
from domains.names import NameRefused, parse_address, show_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import Tenant

MAX_TARGETS = 20
MAX_HOPS = 12
MAX_SEEN = 2000
_LOCK = 0x686F7074687501  # advisory: one change of the forwarding graph at a time


def read_targets(texts: Iterable[str], *, field: str = "targets") -> list[str]:
    """Return the targets, normal, once each, in the order given. Raises TargetRefused on `field`.

    The number is checked before anything is read: ten thousand lines cost nothing.
    """
    lines = [line for text in texts if (line := text.strip(" \t,;"))]
    if not lines:
        raise TargetRefused(_("Enter at least one address that mail goes on to."), field=field)
    if len(lines) > MAX_TARGETS:
        raise TooManyTargets(
            ngettext(
                "Mail can be passed on to at most %(max)d address, not to %(n)d.",
                "Mail can be passed on to at most %(max)d addresses, not to %(n)d. "
                "For more readers, make a group.",
                MAX_TARGETS,
            )
            % {"max": MAX_TARGETS, "n": len(lines)},
            field=field,
        )
    found: dict[str, None] = {}
    for line in lines:
        try:
            found[str(parse_address(line))] = None
        except NameRefused as exc:
            raise TargetRefused(
                f"“{_short(line)}”: {exc.message}", field=field, detail=exc.code
            ) from exc
    return list(found)


def lock_forwarding(tenant: Tenant) -> None:
    """Let no other transaction change the forwarding graph until this one ends.

    The tenants are locked first, as for every create: who holds the graph never waits for them.
    """
    lock_limits(tenant)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def refuse_loops(
    source: str, targets: Iterable[str], tenant: Tenant, *, field: str = "targets"
) -> None:
    """Raise ForwardLoop when mail to `source` would come back to it through our own addresses.

    Follows mailboxes that forward, aliases, forwarders and catch-alls of every tenant. Also
    raises TargetRefused for an address of the tenant's own domains that does not exist. Hold
    `lock_forwarding` meanwhile.
    """
    level = {target: target for target in targets}  # address → first step towards it
    _refuse_unknown(set(level), tenant, source, field)
    seen: set[str] = set()
    for _hop in range(MAX_HOPS):
        if (via := level.get(source)) is not None:
            raise ForwardLoop(_loop_words(source, via), field=field)
        seen |= set(level)
        if not level or len(seen) > MAX_SEEN:
            return
        following: dict[str, str] = {}
        for address, nexts in _steps(set(level)).items():
            for one in nexts:
                if one not in seen:
                    following.setdefault(one, level[address])
        level = following
    raise ForwardLoop(_("Mail would be passed on too many times in a row."), field=field)


def _loop_words(source: str, via: str) -> str:
    shown = show_address(source)
    if via == source:
        return _("%(address)s cannot pass mail on to itself. Remove it from the list.") % {
            "address": shown
        }
    return _(
        "Mail would go in circles: %(via)s passes it back to %(address)s. "
        "Remove one of the two forwardings."
    ) % {"via": show_address(via), "address": shown}


def _refuse_unknown(targets: set[str], tenant: Tenant, source: str, field: str) -> None:
    plain = _behind({target: _plain(target) for target in targets})
    hosts = {target: email.rpartition("@")[2] for target, email in plain.items()}
    own = set(
        Domain.objects.of(tenant)
        .filter(name__in=set(hosts.values()))
        .values_list("name", flat=True)
    )
    open_ended = set(
        CatchAll.objects.filter(domain__name__in=own).values_list("domain__name", flat=True)
    )
    inside = {t for t, host in hosts.items() if host in own - open_ended and plain[t] != source}
    known = set(
        Address.objects.filter(email__in={plain[t] for t in inside}).values_list("email", flat=True)
    )
    for target in sorted(inside):
        if plain[target] not in known:
            raise TargetRefused(
                _("%(address)s does not exist yet. Create it first, or correct the spelling.")
                % {"address": show_address(target)},
                field=field,
            )


def _steps(addresses: set[str]) -> dict[str, set[str]]:
    """Return where mail to each of our own addresses goes next; foreign ones lead nowhere."""
    steps: dict[str, set[str]] = {}
    plain = _behind({address: _plain(address) for address in addresses})
    wanted = set(plain.values())
    direct: dict[str, set[str]] = {}
    for email, forward_to in Mailbox.objects.filter(address__email__in=wanted).values_list(
        "address__email", "forward_to"
    ):
        direct.setdefault(email, set()).update(forward_to)
    for email, target in AliasTarget.objects.filter(alias__address__email__in=wanted).values_list(
        "alias__address__email", "address__email"
    ):
        direct.setdefault(email, set()).add(target)
    for email, target in ForwarderTarget.objects.filter(
        forwarder__address__email__in=wanted
    ).values_list("forwarder__address__email", "email"):
        direct.setdefault(email, set()).add(target)
    for email, target in GroupMember.objects.filter(
        Q(address=None) | Q(address__group__isnull=False) | ~Q(address__mailbox__forward_to=[]),
        group__address__email__in=wanted,
    ).values_list("group__address__email", "email"):
        direct.setdefault(email, set()).add(target)
    lost = wanted - set(Address.objects.filter(email__in=wanted).values_list("email", flat=True))
    nets = dict(
        CatchAll.objects.filter(
            domain__name__in={email.rpartition("@")[2] for email in lost}
        ).values_list("domain__name", "address__email")
    )
    for email in lost:
        if net := nets.get(email.rpartition("@")[2]):
            direct.setdefault(email, set()).add(net)
    for address, email in plain.items():
        # An address with a tag or at an alias domain is delivered like the plain one.
        steps[address] = direct.get(email, set()) | ({email} if email != address else set())
    return steps


def _behind(plain: dict[str, str]) -> dict[str, str]:
    """Return the values with alias domains replaced by the domains they stand for. One query."""
    stands_for = dict(
        Domain.objects.filter(
            name__in={email.rpartition("@")[2] for email in plain.values()},
            alias_of__isnull=False,
        ).values_list("name", "alias_of__name")
    )
    return {
        address: f"{local}@{stands_for.get(host, host)}"
        for address, email in plain.items()
        for local, _at, host in [email.rpartition("@")]
    }


def _plain(address: str) -> str:
    local, _at, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _short(line: str) -> str:
    shown = "".join(c if c.isprintable() else "·" for c in line[:60])
    return shown if len(line) <= 60 else f"{shown}…"
