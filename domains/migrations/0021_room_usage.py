"""Counts what plans limit as it comes and goes, so that opening one thing counts no rows."""

import django.db.models.deletion
from django.db import migrations, models

# table: the plan's field, and which rows r of the table count
ROOMS = {
    "domains_domain": ("max_domains", ""),
    "domains_mailbox": ("max_mailboxes", ""),
    "domains_alias": (
        "max_aliases",
        """WHERE NOT EXISTS (SELECT FROM domains_address a
                    WHERE a.id = r.address_id AND a.localpart IN ('postmaster', 'abuse'))""",
    ),
    "domains_forwarder": ("max_forwarders", ""),
    "domains_group": ("max_lists", ""),
}

ADD = r"""
ALTER TABLE domains_roomusage SET (fillfactor = 50);

-- Adds to a part that nobody holds, else to a new one: whoever creates or deletes never waits here,
-- whatever else is locked, and there are as many parts as ever worked at one moment.
CREATE FUNCTION domains_add_use(wanted text, place bigint, delta bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    part bigint;
BEGIN
    SELECT u.id INTO part FROM domains_roomusage u
     WHERE u.tenant_id = place AND u.room = wanted
     ORDER BY u.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        UPDATE domains_roomusage u SET used = u.used + delta WHERE u.id = part;
    ELSE
        INSERT INTO domains_roomusage (tenant_id, room, used) VALUES (place, wanted, delta);
    END IF;
END $$;

-- What counters say and what is there, where the two differ. Both are read at one moment, so work
-- that is not committed yet shows in neither.
CREATE FUNCTION domains_wrong_rooms()
    RETURNS TABLE (tenant_id bigint, room text, used bigint, found bigint)
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT tenant_id, room, coalesce(u.used, 0)::bigint, coalesce(c.found, 0)
      FROM (SELECT u.tenant_id, u.room::text, sum(u.used) AS used
              FROM domains_roomusage u GROUP BY 1, 2) u
      FULL JOIN (
    {counted}) c (tenant_id, room, found) USING (tenant_id, room)
     WHERE coalesce(u.used, 0) <> coalesce(c.found, 0)
     ORDER BY 1, 2
$$;

-- Adds what is missing beside the counters that are wrong: nobody has to wait for that either.
-- Two at once would add it twice, so one waits; its second statement sees what the other wrote.
CREATE FUNCTION domains_recount_rooms() RETURNS bigint
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    mended bigint;
BEGIN
    PERFORM pg_advisory_xact_lock('domains_roomusage'::regclass::bigint);
    INSERT INTO domains_roomusage (tenant_id, room, used)
    SELECT w.tenant_id, w.room, w.found - w.used FROM domains_wrong_rooms() w;
    GET DIAGNOSTICS mended = ROW_COUNT;
    RETURN mended;
END $$;
"""
DROP = """
DROP FUNCTION domains_recount_rooms();
DROP FUNCTION domains_wrong_rooms();
DROP FUNCTION domains_add_use(text, bigint, bigint);
"""
COUNT = "SELECT r.tenant_id, '{room}', count(*) FROM {table} r {which} GROUP BY r.tenant_id"
# A domain that moves to another tenant takes what is in it along by ON UPDATE CASCADE, which fires
# these triggers too. They fire for other updates as well: columns cannot be named here.
ADD_TRIGGERS = r"""
CREATE FUNCTION {table}_room() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM domains_add_use('{room}', r.tenant_id, count(*))
           FROM come r {which} GROUP BY r.tenant_id;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM domains_add_use('{room}', r.tenant_id, -count(*))
           FROM gone r {which} GROUP BY r.tenant_id;
    ELSE
        PERFORM domains_add_use('{room}', r.tenant_id, sum(r.one)::bigint)
           FROM (SELECT r.tenant_id, 1 AS one FROM come r {which} UNION ALL
                 SELECT r.tenant_id, -1 FROM gone r {which}) r
          GROUP BY r.tenant_id HAVING sum(r.one) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER room_taken AFTER INSERT ON {table} REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_room();
CREATE TRIGGER room_given_back AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_room();
CREATE TRIGGER room_moved AFTER UPDATE ON {table} REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_room();
"""
DROP_TRIGGERS = """
DROP TRIGGER room_taken ON {table};
DROP TRIGGER room_given_back ON {table};
DROP TRIGGER room_moved ON {table};
DROP FUNCTION {table}_room();
"""


def _each(text: str, between: str = "") -> str:
    return between.join(
        text.format(table=table, room=room, which=which) for table, (room, which) in ROOMS.items()
    )


class Migration(migrations.Migration):
    dependencies = [("domains", "0020_consents")]

    operations = [
        migrations.CreateModel(
            name="RoomUsage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("room", models.CharField(max_length=24)),
                ("used", models.BigIntegerField(db_default=0, default=0)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="room_usage",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["tenant", "room"], name="room_usage_tenant")],
            },
        ),
        migrations.RunSQL(ADD.format(counted=_each(COUNT, "\n    UNION ALL ")), DROP),
        # Making triggers holds writers off until the end, so that nothing slips between.
        migrations.RunSQL(_each(ADD_TRIGGERS), _each(DROP_TRIGGERS)),
        migrations.RunSQL("SELECT domains_recount_rooms()", migrations.RunSQL.noop),
    ]
