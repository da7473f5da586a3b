"""Fills a database with a hosting provider's customers: one reseller, 400 companies, one huge one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from domains.dkim import make_key_pair
from domains.names import fold
from portal.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FULL = 10_000  # domains; with them 200,000 mailboxes and 400,000 aliases
SMALL = 100
RESELLER = "Quy Mô Hosting"
HUGE = "Tập đoàn Đại Dương"
ADMIN = "quymo@saomai.test"  # the reseller's person; signs in with the demo world's password
TOKEN = "0" * 32
SELECTOR = "s1"
COMPANIES = 400
_GIVEN = [
    "An",
    "Bảo",
    "Bình",
    "Châu",
    "Chi",
    "Cường",
    "Dung",
    "Dũng",
    "Duy",
    "Giang",
    "Hà",
    "Hải",
    "Hạnh",
    "Hiếu",
    "Hoa",
    "Hoàng",
    "Hùng",
    "Hương",
    "Khánh",
    "Khôi",
    "Lan",
    "Linh",
    "Long",
    "Mai",
    "Minh",
    "Nam",
    "Nga",
    "Ngọc",
    "Nhung",
    "Oanh",
    "Phong",
    "Phúc",
    "Phương",
    "Quân",
    "Quang",
    "Quyên",
    "Sơn",
    "Tâm",
    "Thảo",
    "Thắng",
    "Thành",
    "Thu",
    "Thủy",
    "Trang",
    "Trí",
    "Trung",
    "Tuấn",
    "Tùng",
    "Uyên",
    "Vân",
    "Việt",
    "Vinh",
    "Vy",
    "Yến",
]
_MIDDLE = ["Thị", "Văn", "Đức", "Minh", "Ngọc", "Thu", "Quốc", "Xuân", "Thanh", "Hữu"]
_FAMILY = [
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Huỳnh",
    "Phan",
    "Vũ",
    "Võ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Lý",
]


class Cursor(Protocol):
    """What psycopg and Django both give: statements with named parameters."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Run one statement."""

    def fetchone(self) -> Any:
        """Return the next row."""

    def fetchall(self) -> Any:
        """Return the rows that are left."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """The two customers that the measurements look at."""

    reseller: int
    huge: int


def name_of(number: int) -> str:
    """Return the name of a domain, counted from 1; every fifth belongs to the huge company."""
    return f"congty{number}.test"


def fill(cursor: Cursor, *, first: int, last: int, password: str, operator: int) -> Hosting:
    """Insert the domains `first` to `last` with all that lives in them; tenants when needed.

    A domain has 40 aliases (postmaster and abuse among them), two forwarders and 18, 19 or 25
    mailboxes, each with a person, use and sign-ins; two DNS checks of five records; `password` is a
    hash that everybody shares. Statements are of the size of the whole, so nothing is held in
    memory but the foreign keys that the database checks at the end of each.
    """
    pair = make_key_pair()
    names = [
        (f"{family} {middle} {given}", f"{fold(given)}.{fold(family)}")
        for family in _FAMILY
        for middle in _MIDDLE
        for given in _GIVEN
    ]
    values: dict[str, Any] = {
        "first": first,
        "last": last,
        "operator": operator,
        "reseller": RESELLER,
        "huge": HUGE,
        "companies": COMPANIES,
        "admin": ADMIN,
        "password": password,
        "token": TOKEN,
        "selector": SELECTOR,
        "public": pair.public_key,
        "sealed": seal(pair.private_pem, purpose="dkim"),
        "names": [name for name, _local in names],
        "locals": [local for _name, local in names],
    }
    for statement in _TENANTS:
        cursor.execute(statement, values)
    for statement, table in _CONTENTS:
        cursor.execute(statement, values)
        cursor.execute(f"ANALYZE {table}")  # the next one joins it
    return found(cursor)


def fill_one(cursor: Cursor, *, tenant: int, name: str, mailboxes: int) -> None:
    """Insert an active domain with shared mailboxes only."""
    values = {"tenant": tenant, "name": name, "mailboxes": mailboxes, "token": TOKEN}
    cursor.execute(
        """
        WITH domain AS (
            INSERT INTO domains_domain (name, status, ownership_token, verified_at, created_at,
                                        tenant_id, dns_problems, dns_unknown, dns_worst,
                                        refuses_mail, was_suspended)
            VALUES (%(name)s, 'active', %(token)s, now(), now(), %(tenant)s, 0, 0, '', false, false)
            RETURNING id)
        INSERT INTO domains_address (localpart, email, tenant_id, domain_id)
        SELECT 'u' || n, 'u' || n || '@' || %(name)s, %(tenant)s, domain.id
          FROM domain CROSS JOIN generate_series(1, %(mailboxes)s) n
        """,
        values,
    )
    cursor.execute(
        """
        INSERT INTO domains_mailbox (name, quota_bytes, status, allow_imap, allow_pop3, allow_smtp,
                                     forward_to, keep_copy, version, created_at, address_id,
                                     tenant_id, was_suspended, refuses_mail)
        SELECT a.localpart, 0, 'active', true, true, true, '{}', true, 0, now(), a.id, a.tenant_id,
               false, false
          FROM domains_address a JOIN domains_domain d ON d.id = a.domain_id AND d.name = %(name)s
        """,
        values,
    )


def found(cursor: Cursor) -> Hosting:
    """Return the tenants that `fill` made."""
    ids = []
    for name in (RESELLER, HUGE):
        cursor.execute("SELECT id FROM accounts_tenant WHERE name = %(name)s", {"name": name})
        ids.append(int(cursor.fetchone()[0]))
    return Hosting(*ids)


def counts(cursor: Cursor) -> Mapping[str, int]:
    """Return how much there is in the whole installation."""
    result = {}
    for table in ("domains_domain", "domains_mailbox", "domains_alias", "domains_address"):
        cursor.execute(f"SELECT count(*) FROM {table}")
        result[table.partition("_")[2]] = int(cursor.fetchone()[0])
    return result


_TABLES = """
    SELECT oid FROM pg_class WHERE relkind = 'r' AND relname = ANY (ARRAY[
        'accounts_user', 'accounts_loginname', 'domains_domain', 'domains_dkimkey',
        'domains_address', 'domains_mailbox', 'domains_mailboxusage', 'domains_lastsignin',
        'domains_quotanotice', 'domains_alias', 'domains_aliastarget', 'domains_forwarder', 'domains_forwardertarget',
        'domains_dnscheck', 'domains_dnsrecordstate', 'domains_dnschange', 'accounts_auditevent',
        'delivery_submission', 'delivery_outcome'])
"""
_WALLS = f"""
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
           format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,
                  pg_get_constraintdef(oid))
      FROM pg_constraint WHERE contype = 'f' AND conrelid IN ({_TABLES})
"""
# Django keeps defaults to itself; the statements below name only what matters to them.
_DEFAULTS = """
    SELECT format('ALTER TABLE %%I ALTER %%I SET DEFAULT %%s', table_name, column_name,
                  CASE data_type WHEN 'boolean' THEN 'false' WHEN 'jsonb' THEN $$'{}'$$
                       WHEN 'ARRAY' THEN $$'{}'$$ WHEN 'timestamp with time zone' THEN 'now()'
                       WHEN 'text' THEN $$''$$ WHEN 'character varying' THEN $$''$$
                       ELSE '0' END),
           format('ALTER TABLE %%I ALTER %%I DROP DEFAULT', table_name, column_name)
      FROM information_schema.columns
     WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL
       AND is_identity = 'NO' AND split_part(table_name, '_', 1) = ANY (
           ARRAY['accounts', 'domains', 'delivery'])
       AND table_name IN (SELECT relname FROM pg_class WHERE relkind = 'r')
       AND data_type = ANY (ARRAY['boolean', 'jsonb', 'ARRAY', 'timestamp with time zone', 'text',
                                  'character varying', 'smallint', 'integer', 'bigint'])
"""
_INDEXES = f"""
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
      FROM pg_index
     WHERE indrelid IN ({_TABLES}) AND NOT indisunique
       AND indexrelid::regclass::text NOT LIKE '%%domain_id%%'
"""


@contextmanager
def bare_tables(cursor: Cursor) -> Iterator[None]:
    """Take foreign keys and plain indexes away and build them at the end, as dumps are restored.

    The owner alone may do so, and nobody else may write meanwhile: it is for throw-away databases.
    """
    statements = []
    for question in (_DEFAULTS, _WALLS, _INDEXES):
        cursor.execute(question, {})
        statements += list(cursor.fetchall())
    dropped = []
    try:
        for drop, make in statements:
            cursor.execute(drop)
            dropped.append(make)
        yield
    finally:
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for make in reversed(dropped):
            cursor.execute(make)
        cursor.execute("RESET maintenance_work_mem")


_TENANTS = (
    """
    INSERT INTO accounts_plan (tenant_id, name, max_domains, max_mailboxes, max_aliases,
                               storage_bytes, trusts_forwarding)
    SELECT %(operator)s, 'Đại lý lớn', 20000, 400000, 800000, 10^16::numeric, true
        ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO accounts_tenant (path, kind, name, status, language, timezone, created_at,
                                 parent_id, plan_id)
    SELECT '', 'reseller', %(reseller)s, 'active', 'vi', '', now(), %(operator)s,
           (SELECT id FROM accounts_plan WHERE tenant_id = %(operator)s AND name = 'Đại lý lớn')
     WHERE NOT EXISTS (SELECT FROM accounts_tenant WHERE name = %(reseller)s)
    """,
    """
    INSERT INTO accounts_plan (tenant_id, name, max_domains, max_mailboxes, max_aliases,
                               storage_bytes, trusts_forwarding)
    SELECT t.id, 'Doanh nghiệp', 5000, 60000, 100000, 10^15::numeric, true
      FROM accounts_tenant t
     WHERE t.name = %(reseller)s
       AND NOT EXISTS (SELECT FROM accounts_plan p WHERE p.tenant_id = t.id)
    """,
    """
    INSERT INTO accounts_tenant (path, kind, name, status, language, timezone, created_at,
                                 parent_id, plan_id)
    SELECT '', 'company', n.name, 'active', 'vi', '', now(), r.id, p.id
      FROM (SELECT %(huge)s AS name UNION ALL
            SELECT 'Công ty ' || i FROM generate_series(1, %(companies)s) i) n
      JOIN accounts_tenant r ON r.name = %(reseller)s
      JOIN accounts_plan p ON p.tenant_id = r.id
     WHERE NOT EXISTS (SELECT FROM accounts_tenant t WHERE t.parent_id = r.id)
    """,
    """
    UPDATE accounts_tenant t SET path = p.path || t.id || '.'
      FROM accounts_tenant p WHERE p.id = t.parent_id AND t.path = '' AND p.path <> ''
    """,
    """
    UPDATE accounts_tenant t SET path = p.path || t.id || '.'
      FROM accounts_tenant p WHERE p.id = t.parent_id AND t.path = '' AND p.path <> ''
    """,
    """
    INSERT INTO accounts_user (password, email, name, language, timezone, theme, is_active,
                               created_at, tenant_id)
    SELECT %(password)s, %(admin)s, 'Lê Quy Mô', '', '', '', true, now(), t.id
      FROM accounts_tenant t WHERE t.name = %(reseller)s
        ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO accounts_membership (role, created_at, user_id, tenant_id)
    SELECT 'reseller', now(), u.id, u.tenant_id FROM accounts_user u WHERE u.email = %(admin)s
        ON CONFLICT DO NOTHING
    """,
)

# Which domains a run is about.
_HOSTS = """
    (SELECT d.*, n.i FROM generate_series(%(first)s, %(last)s) n (i)
       JOIN domains_domain d ON d.name = 'congty' || n.i || '.test')
"""
_BOXES = "CASE WHEN i %% 5 = 0 THEN 25 WHEN i %% 4 = 0 THEN 18 ELSE 19 END"
_CONTENTS = (
    (
        """
    INSERT INTO domains_domain (name, status, ownership_token, verified_at, created_at,
                                next_check_at, tenant_id, checked_at, dns_problems, dns_unknown,
                                dns_worst)
    SELECT 'congty' || i || '.test', 'active', %(token)s, now() - interval '40 days',
           now() - interval '40 days' + i * interval '1 minute', NULL, t.id, now(),
           CASE WHEN i %% 25 = 3 THEN 1 ELSE 0 END, 0,
           CASE WHEN i %% 25 = 3 THEN 'dmarc.missing' ELSE '' END
      FROM generate_series(%(first)s, %(last)s) i
      JOIN accounts_tenant t
        ON t.name = CASE WHEN i %% 5 = 0 THEN %(huge)s
                         ELSE 'Công ty ' || (i %% %(companies)s + 1) END
    """,
        "domains_domain",
    ),
    (
        f"""
    INSERT INTO domains_dkimkey (selector, public_key, private_sealed, created_at, active_at,
                                 tenant_id, domain_id)
    SELECT %(selector)s, %(public)s, %(sealed)s, now(), now(), d.tenant_id, d.id FROM {_HOSTS} d
    """,
        "domains_dkimkey",
    ),
    (
        f"""
    INSERT INTO domains_address (localpart, email, tenant_id, domain_id)
    SELECT l.part, l.part || '@' || d.name, d.tenant_id, d.id
      FROM {_HOSTS} d
     CROSS JOIN LATERAL generate_series(1, {_BOXES}) b
     CROSS JOIN LATERAL (SELECT (%(locals)s::text[])[
           1 + (d.i * 31 + b * 7) %% array_length(%(locals)s::text[], 1)] || b) l (part)
    """,
        "domains_address",
    ),
    (
        f"""
    INSERT INTO accounts_user (password, email, name, language, timezone, theme, is_active,
                               created_at, tenant_id)
    SELECT %(password)s, a.email, (%(names)s::text[])[
               1 + (d.i * 31 + regexp_replace(a.localpart, '\\D', '', 'g')::int * 7)
                   %% array_length(%(names)s::text[], 1)],
           '', '', '', true, now(), a.tenant_id
      FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
    """,
        "accounts_user",
    ),
    (
        f"""
    INSERT INTO accounts_loginname (address, user_id)
    SELECT u.email, u.id FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
      JOIN accounts_user u ON u.email = a.email
    """,
        "accounts_loginname",
    ),
    (
        f"""
    INSERT INTO domains_mailbox (name, quota_bytes, status, allow_imap, allow_pop3, allow_smtp,
                                 forward_to, keep_copy, version, created_at, address_id, owner_id,
                                 tenant_id, was_suspended, delete_after)
    SELECT u.name, 5000000000, s.status, true, true, true,
           CASE WHEN a.id %% 100 = 9 THEN ARRAY['an@partner.test'] ELSE '{{}}' END, true, 0,
           now() - (a.id %% 1000) * interval '1 hour', a.id, u.id, a.tenant_id, false,
           CASE WHEN s.status = 'deleting' THEN now() + interval '30 days' END
      FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
      JOIN accounts_user u ON u.email = a.email
     CROSS JOIN LATERAL (SELECT CASE WHEN a.id %% 100 = 1 THEN 'suspended'
                                     WHEN a.id %% 200 = 2 THEN 'deleting'
                                     ELSE 'active' END) s (status)
    """,
        "domains_mailbox, domains_mailboxusage",
    ),
    (
        f"""
    UPDATE domains_mailboxusage s
       SET bytes = (m.id * 7919 %% 1000) ^ 2 * 4900, messages = m.id * 7919 %% 1000 * 3
      FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
      JOIN domains_mailbox m ON m.address_id = a.id
     WHERE s.mailbox_id = m.id
    """,
        "domains_mailboxusage",
    ),
    (
        f"""
    INSERT INTO domains_quotanotice (mailbox_id, level, sent_at)
    SELECT m.id, CASE WHEN s.bytes >= 4750000000 THEN 95 ELSE 80 END, now()
      FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
      JOIN domains_mailbox m ON m.address_id = a.id
      JOIN domains_mailboxusage s ON s.mailbox_id = m.id AND s.bytes >= 4000000000
    """,
        "domains_quotanotice",
    ),
    (
        f"""
    INSERT INTO domains_lastsignin (mailbox_id, service, at_epoch)
    SELECT m.id, v.service, extract(epoch FROM now())::bigint - m.id %% 2000000
      FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
      JOIN domains_mailbox m ON m.address_id = a.id
      JOIN (VALUES ('imap', 1), ('smtp', 2)) v (service, each) ON m.id %% v.each = 0
    """,
        "domains_lastsignin",
    ),
    (
        f"""
    WITH made AS (
        INSERT INTO domains_address (localpart, email, tenant_id, domain_id)
        SELECT l.part, l.part || '@' || d.name, d.tenant_id, d.id
          FROM {_HOSTS} d
         CROSS JOIN (SELECT 'nhom' || i FROM generate_series(1, 38) i
                     UNION ALL VALUES ('postmaster'), ('abuse')) l (part)
        RETURNING id, tenant_id)
    INSERT INTO domains_alias (is_enabled, created_at, address_id, tenant_id)
    SELECT true, now(), id, tenant_id FROM made
    """,
        "domains_alias, domains_address",
    ),
    (
        f"""
    WITH boxes AS (
        SELECT a.id, a.domain_id, row_number() OVER (PARTITION BY a.domain_id ORDER BY a.id) AS place
          FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
          JOIN domains_mailbox m ON m.address_id = a.id)
    INSERT INTO domains_aliastarget (address_id, alias_id, tenant_id)
    SELECT boxes.id, l.id, l.tenant_id
      FROM {_HOSTS} d
      JOIN domains_address a ON a.domain_id = d.id
      JOIN domains_alias l ON l.address_id = a.id
      JOIN boxes ON boxes.domain_id = d.id AND boxes.place = l.id %% 18 + 1
    """,
        "domains_aliastarget",
    ),
    (
        f"""
    WITH made AS (
        INSERT INTO domains_address (localpart, email, tenant_id, domain_id)
        SELECT 'chuyen' || n, 'chuyen' || n || '@' || d.name, d.tenant_id, d.id
          FROM {_HOSTS} d CROSS JOIN generate_series(1, 2) n
        RETURNING id, tenant_id),
    forwarders AS (
        INSERT INTO domains_forwarder (is_enabled, created_at, address_id, tenant_id)
        SELECT true, now(), id, tenant_id FROM made RETURNING id)
    INSERT INTO domains_forwardertarget (email, forwarder_id)
    SELECT 'an' || id %% 1000 || '@partner.test', id FROM forwarders
    """,
        "domains_forwarder",
    ),
    (
        f"""
    WITH made AS (
        INSERT INTO domains_dnscheck (requested_at, finished_at, servers, requested_by_person,
                                      tenant_id, domain_id, changed, confirmed_at)
        SELECT t.at, t.at, '["ns.hopthu.test"]', false, d.tenant_id, d.id, t.changed,
               CASE WHEN t.changed THEN now() - interval '1 hour' END
          FROM {_HOSTS} d CROSS JOIN (VALUES (now() - interval '20 days', true),
                                             (now() - interval '1 hour', false)) t (at, changed)
        RETURNING id, domain_id)
    INSERT INTO domains_dnsrecordstate (record, name, rdtype, expected, observed, verdict, detail,
                                        check_row_id, servers_asked, servers_answered)
    SELECT r.code, d.name, r.type, '', '[]',
           CASE WHEN d.dns_problems > 0 AND r.code = 'dmarc' THEN 'missing' ELSE 'match' END, '',
           c.id, 1, 1
      FROM made c JOIN domains_domain d ON d.id = c.domain_id
     CROSS JOIN (VALUES ('ownership', 'TXT'), ('mx', 'MX'), ('spf', 'TXT'), ('dkim-s1', 'TXT'),
                        ('dmarc', 'TXT')) r (code, type)
    """,
        "domains_dnscheck",
    ),
    (  # a day on which something happened in every domain
        f"""
    INSERT INTO domains_dnschange (tenant_id, domain_id, check_row_id, record, before, after, at)
    SELECT d.tenant_id, d.id, c.id, r.code, r.before, r.after,
           now() - c.id %% 80000 * interval '1 second'
      FROM {_HOSTS} d JOIN domains_dnscheck c ON c.domain_id = d.id AND c.changed
     CROSS JOIN (VALUES ('mx', 'match', 'conflict'), ('spf', 'missing', 'match'),
                        ('dmarc', 'match', 'missing')) r (code, before, after)
    """,
        "domains_dnschange",
    ),
    (
        f"""
    INSERT INTO accounts_auditevent (tenant_id, at, actor_name, acting_in, action, target_kind,
                                     target_id, target_name, changes, request_id)
    SELECT d.tenant_id, now() - (d.i * 7 + n) * interval '1 minute', 'Lê Quy Mô', '',
           'domain.create', 'domain', d.id, d.name, '{{}}', ''
      FROM {_HOSTS} d CROSS JOIN generate_series(1, 20) n
    """,
        "accounts_auditevent",
    ),
    (
        f"""
    WITH made AS (
        INSERT INTO delivery_submission (compose_id, message_id, mail_from, subject, size_bytes,
            state, due_at, attempts, queue_id, reply_code, reply_text, created_at, sent_at,
            mailbox_id, tenant_id)
        SELECT gen_random_uuid(), '<' || gen_random_uuid() || '@' || d.name || '>', a.email,
               'Báo giá ' || m.id, 4000, 'sent', now(), 1, 'q' || m.id, 250, '2.0.0 Ok',
               now() - m.id %% 80000 * interval '1 minute',
               now() - m.id %% 80000 * interval '1 minute', m.id, m.tenant_id
          FROM {_HOSTS} d JOIN domains_address a ON a.domain_id = d.id
          JOIN domains_mailbox m ON m.address_id = a.id
         WHERE m.id %% 4 = 0
        RETURNING id)
    INSERT INTO delivery_outcome (recipient, state, enhanced_code, reply_text, relay, submission_id)
    SELECT 'an@partner.test', 'delivered', '2.0.0', '250 Ok', 'mx.partner.test', id FROM made
    """,
        "delivery_submission",
    ),
)
