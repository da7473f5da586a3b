"""Composite foreign keys that refuse mixed tenants, columns for DNS summaries, search indexes."""

import django.db.models.deletion
from django.db import migrations, models

WALLS = (
    # table, constraint, columns, referenced table
    ("domains_address", "address_domain_tenant", "domain_id", "domains_domain"),
    ("domains_mailbox", "mailbox_address_tenant", "address_id", "domains_address"),
    ("domains_mailbox", "mailbox_owner_tenant", "owner_id", "accounts_user"),
    ("domains_alias", "alias_address_tenant", "address_id", "domains_address"),
    ("domains_aliastarget", "alias_target_alias_tenant", "alias_id", "domains_alias"),
    ("domains_aliastarget", "alias_target_address_tenant", "address_id", "domains_address"),
    ("domains_forwarder", "forwarder_address_tenant", "address_id", "domains_address"),
    ("domains_catchall", "catch_all_domain_tenant", "domain_id", "domains_domain"),
    ("domains_catchall", "catch_all_address_tenant", "address_id", "domains_address"),
    ("domains_dkimkey", "dkim_key_domain_tenant", "domain_id", "domains_domain"),
    ("domains_dnscheck", "dns_check_domain_tenant", "domain_id", "domains_domain"),
)
ADD_WALLS = "".join(
    f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (tenant_id, {column}) "
    f"REFERENCES {other} (tenant_id, id) ON UPDATE CASCADE DEFERRABLE INITIALLY IMMEDIATE;\n"
    for table, name, column, other in WALLS
)
DROP_WALLS = "".join(
    f"ALTER TABLE {table} DROP CONSTRAINT {name};\n" for table, name, _c, _o in WALLS
)

# Lower case without marks, as domains.names.fold does it, so that «tran» finds «Trần».
ADD_SEARCH = r"""
CREATE FUNCTION domains_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT replace(
    regexp_replace(normalize(lower($1 COLLATE "und-x-icu"), NFD), '[\u0300-\u036f]', '', 'g'),
    'đ', 'd')
$$;
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'pg_trgm is missing: search by part of an address reads the whole table';
END $$;
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
    CREATE INDEX address_email_part ON domains_address USING gin (email gin_trgm_ops);
    CREATE INDEX mailbox_name_part ON domains_mailbox USING gin (domains_fold(name) gin_trgm_ops);
  END IF;
END $$;
CREATE INDEX domain_name_reversed ON domains_domain (reverse(name) text_pattern_ops);
"""
DROP_SEARCH = """
DROP INDEX IF EXISTS address_email_part;
DROP INDEX IF EXISTS mailbox_name_part;
DROP INDEX domain_name_reversed;
DROP FUNCTION domains_fold(text);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("domains", "0001_initial")]

    operations = [
        migrations.AddField("domain", "checked_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("domain", "dns_problems", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("domain", "dns_unknown", models.PositiveSmallIntegerField(default=0)),
        migrations.AddField("domain", "dns_worst", models.CharField(blank=True, max_length=40)),
        migrations.AddField("dnscheck", "changed", models.BooleanField(default=False)),
        migrations.AddField(
            "dnscheck", "confirmed_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            "dnsrecordstate", "servers_asked", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddField(
            "dnsrecordstate", "servers_answered", models.PositiveSmallIntegerField(default=0)
        ),
        migrations.AddConstraint(
            "alias",
            models.UniqueConstraint(fields=("tenant", "id"), name="alias_tenant_id"),
        ),
        migrations.AddField(
            "aliastarget",
            "tenant",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.tenant",
            ),
        ),
        migrations.RunSQL(
            "UPDATE domains_aliastarget t SET tenant_id = a.tenant_id"
            " FROM domains_alias a WHERE a.id = t.alias_id",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            "aliastarget",
            "tenant",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.tenant",
            ),
        ),
        # The columns stay what they are; only Django learns what they point to.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField("mailboxusage", "mailbox_id"),
                migrations.AddField(
                    "mailboxusage",
                    "mailbox",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="usage",
                        serialize=False,
                        to="domains.mailbox",
                    ),
                ),
                migrations.RemoveConstraint("lastsignin", "last_sign_in_once"),
                migrations.RemoveField("lastsignin", "mailbox_id"),
                migrations.AddField(
                    "lastsignin",
                    "mailbox",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="sign_ins",
                        to="domains.mailbox",
                    ),
                ),
                migrations.AddConstraint(
                    "lastsignin",
                    models.UniqueConstraint(
                        fields=("mailbox", "service"), name="last_sign_in_once"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE accounts_user ADD CONSTRAINT user_tenant_id UNIQUE (tenant_id, id)",
            "ALTER TABLE accounts_user DROP CONSTRAINT user_tenant_id",
        ),
        migrations.RunSQL(ADD_WALLS, DROP_WALLS),
        migrations.RunSQL(ADD_SEARCH, DROP_SEARCH),
    ]
