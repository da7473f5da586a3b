"""How much there is in a tenant and everything below it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from accounts.models import TenantKind
from domains.models import OPEN_ROTATIONS, Alias, Forwarder, Group, Mailbox, MailboxStatus
from domains.names import RESERVED_LOCALPARTS
from domains.selectors.dns_changes import yesterday

if TYPE_CHECKING:
    from accounts.models import Tenant

FULLEST = 3
OLDEST = 3
KEY_IS_OLD = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Full:
    """A mailbox that is nearly full."""

    email: str
    percent: int


@dataclass(frozen=True, slots=True)
class OldKey:
    """A domain whose DKIM key has signed for more than a year."""

    domain: str
    domain_id: int
    tenant_id: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What exists; mailboxes on their way out are counted until they are gone."""

    domains: int
    mailboxes: int
    aliases: int  # without postmaster and abuse, which every domain gets
    forwarders: int
    groups: int
    listed_aliases: int  # of the tenant itself, postmaster and abuse among them
    listed_forwarders: int  # of the tenant itself
    listed_groups: int  # of the tenant itself
    bytes: int  # storage in use as Dovecot last counted it
    suspended: int  # mailboxes
    deleting: int
    full: int  # mailboxes from 80 % of their quota on
    dns_changes: int  # since yesterday began; with the next two not counted for some domains only
    dns_changed: int  # domains that these changes are of
    old_keys: int  # domains whose DKIM key should be changed, and is not being changed
    fullest: tuple[Full, ...]  # the first of them
    oldest: tuple[OldKey, ...]  # the first of those with old keys

    def of_state(self, state: str) -> int:
        """Return how many mailboxes the list shows under a filter; unknown ones filter nothing."""
        known = {"full": self.full, "suspended": self.suspended, "deleting": self.deleting}
        return known.get(state, self.mailboxes)


_SCOPE = {
    TenantKind.OPERATOR.value: "TRUE",
    TenantKind.RESELLER.value: "tenant_id IN (SELECT id FROM accounts_tenant WHERE path LIKE %(path)s)",
    TenantKind.COMPANY.value: "tenant_id = %(tenant)s",
}

_SQL = """
WITH boxes AS (
  SELECT m.id, m.address_id, m.status, m.quota_bytes, u.bytes
    FROM domains_mailbox m JOIN domains_mailboxusage u ON u.mailbox_id = m.id
   WHERE {mailboxes}),
sums AS (
  SELECT count(*) AS mailboxes, coalesce(sum(bytes), 0)::bigint AS bytes,
         count(*) FILTER (WHERE status = 'suspended') AS suspended,
         count(*) FILTER (WHERE status = 'deleting') AS deleting,
         count(*) FILTER (WHERE quota_bytes > 0 AND bytes * 5 >= quota_bytes * 4) AS full
    FROM boxes),
rooms AS (  -- counters, kept by triggers
  SELECT coalesce(sum(used) FILTER (WHERE room = 'max_domains'), 0) AS domains,
         coalesce(sum(used) FILTER (WHERE room = 'max_aliases'), 0) AS aliases,
         coalesce(sum(used) FILTER (WHERE room = 'max_forwarders'), 0) AS forwarders,
         coalesce(sum(used) FILTER (WHERE room = 'max_lists'), 0) AS groups,
         coalesce(sum(used) FILTER (WHERE room = 'max_forwarders' AND tenant_id = %(tenant)s), 0)
           AS own_forwarders,
         coalesce(sum(used) FILTER (WHERE room = 'max_lists' AND tenant_id = %(tenant)s), 0)
           AS own_groups
    FROM domains_roomusage WHERE {scope}),
changes AS (
  SELECT count(*) AS changes, count(DISTINCT domain_id) AS changed
    FROM domains_dnschange WHERE {scope} AND at >= %(yesterday)s),
keys AS (  -- those that sign; of two that began together the later one does
  SELECT k.active_at, d.name, d.id, d.tenant_id
    FROM domains_dkimkey k JOIN domains_domain d ON d.id = k.domain_id
   WHERE {keys} AND d.status = 'active' AND k.retired_at IS NULL AND k.active_at < %(old)s
     AND NOT EXISTS (SELECT FROM domains_dkimkey n WHERE n.domain_id = k.domain_id
           AND n.retired_at IS NULL AND (n.active_at, n.id) > (k.active_at, k.id))
     AND NOT EXISTS (SELECT FROM domains_keyrotation r
          WHERE r.domain_id = k.domain_id AND r.state = ANY(%(changing)s))),
fullest AS (
  SELECT address_id, bytes * 100 / quota_bytes AS percent FROM boxes
   WHERE quota_bytes > 0 AND bytes * 5 >= quota_bytes * 4
   ORDER BY percent DESC, id LIMIT %(fullest)s)
SELECT r.domains, s.mailboxes, r.aliases, r.forwarders, r.groups,
       (SELECT count(*) FROM domains_alias WHERE tenant_id = %(tenant)s),
       r.own_forwarders, r.own_groups,
       s.bytes, s.suspended, s.deleting, s.full, c.changes, c.changed,
       (SELECT count(*) FROM keys),
       (SELECT coalesce(json_agg(json_build_array(d.email, f.percent) ORDER BY f.percent DESC), '[]')
          FROM fullest f JOIN domains_address d ON d.id = f.address_id),
       (SELECT coalesce(json_agg(json_build_array(o.name, o.id, o.tenant_id)), '[]')
          FROM (SELECT * FROM keys ORDER BY active_at, name LIMIT %(oldest)s) o)
  FROM sums s, rooms r, changes c
"""


def figures_of(tenant: Tenant, *, domain_id: int = 0) -> Figures:
    """Count in one query. With `domain_id`, mailboxes and storage of that domain only.

    Reads every mailbox row: some 50 ms for 100,000. Pages ask `services.known_figures`, which
    remembers the figures of large tenants.
    """
    if tenant.domain_scope is not None:
        return _of_domains(
            tenant.domain_scope & ({domain_id} if domain_id else tenant.domain_scope)
        )
    scope = _SCOPE[tenant.kind]
    mailboxes, keys = (f"m.{scope}", f"k.{scope}") if scope != "TRUE" else (scope, scope)
    if domain_id:
        mailboxes += (
            " AND m.address_id IN (SELECT id FROM domains_address WHERE domain_id = %(domain)s)"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL.format(scope=scope, mailboxes=mailboxes, keys=keys),
            {
                "tenant": tenant.pk,
                "path": f"{tenant.path}%",
                "domain": domain_id,
                "fullest": FULLEST,
                "yesterday": yesterday(),
                "oldest": OLDEST,
                "old": timezone.now() - KEY_IS_OLD,
                "changing": list(OPEN_ROTATIONS),
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise AssertionError("an aggregate always gives a row")
    *counts, fullest, oldest = row
    names = [field.name for field in fields(Figures)][: len(counts)]
    return Figures(
        **{name: int(value) for name, value in zip(names, counts, strict=True)},
        fullest=tuple(Full(email, int(share)) for email, share in fullest),
        oldest=tuple(OldKey(*one) for one in oldest),
    )


def _of_domains(ids: frozenset[int]) -> Figures:
    """Count in some domains only, for people whose role covers no more. Five queries."""
    boxes = Mailbox.objects.filter(address__domain__in=ids).aggregate(
        mailboxes=Count("pk"),
        bytes=Sum("usage__bytes", default=0),
        suspended=Count("pk", filter=Q(status=MailboxStatus.SUSPENDED)),
        deleting=Count("pk", filter=Q(status=MailboxStatus.DELETING)),
        full=Count("pk", filter=Q(quota_bytes__gt=0, usage__bytes__gte=F("quota_bytes") * 4 / 5)),
    )
    aliases = Alias.objects.filter(address__domain__in=ids)
    forwarders = Forwarder.objects.filter(address__domain__in=ids).count()
    groups = Group.objects.filter(address__domain__in=ids).count()
    return Figures(
        domains=len(ids),
        aliases=aliases.exclude(address__localpart__in=RESERVED_LOCALPARTS).count(),
        listed_aliases=aliases.count(),
        forwarders=forwarders,
        listed_forwarders=forwarders,
        groups=groups,
        listed_groups=groups,
        dns_changes=0,
        dns_changed=0,
        old_keys=0,
        fullest=(),
        oldest=(),
        **{name: int(value) for name, value in boxes.items()},
    )
