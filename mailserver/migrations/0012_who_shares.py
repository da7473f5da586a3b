# Dovecot's list of who shares what is derived from grants; what it wants to write there is let go.
from django.db import migrations

TABLE = """
-- Dovecot keeps a directory of shared mailboxes and brings it up to date from their access lists, which
-- name groups. Ours (dovecot_shared) goes by member and is always right, so that nothing is to be
-- stored or deleted: this table stays empty, and the view is left as it is.
CREATE TABLE dovecot_shared_lists (
    member varchar(320), owner varchar(320), val text, PRIMARY KEY (member, owner));

CREATE FUNCTION store_no_row() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN NULL;
END $$;
CREATE TRIGGER store BEFORE INSERT ON dovecot_shared_lists
    FOR EACH ROW EXECUTE FUNCTION store_no_row();
CREATE RULE stays AS ON DELETE TO dovecot_shared DO INSTEAD NOTHING;

REVOKE ALL ON dovecot_shared_lists FROM hopthu_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON dovecot_shared_lists TO dovecot_usage;
GRANT DELETE ON dovecot_shared TO dovecot_usage;
"""

DROP = """
REVOKE DELETE ON dovecot_shared FROM dovecot_usage;
DROP RULE stays ON dovecot_shared;
DROP TABLE dovecot_shared_lists;
DROP FUNCTION store_no_row();
"""


class Migration(migrations.Migration):
    dependencies = [("mailserver", "0011_consents")]
    operations = [migrations.RunSQL(TABLE, DROP)]
