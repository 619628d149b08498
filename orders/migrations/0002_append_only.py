"""An order's history can be written, never changed."""

from django.db import migrations

GUARD = """
CREATE FUNCTION orders_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_orderevent
  FOR EACH ROW EXECUTE FUNCTION orders_is_append_only();
"""
UNDO = """
DROP TRIGGER append_only ON orders_orderevent;
DROP FUNCTION orders_is_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
