"""Stock movements can be written, never changed."""

from django.db import migrations

GUARD = """
CREATE FUNCTION catalog_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_stockmovement
  FOR EACH ROW EXECUTE FUNCTION catalog_is_append_only();
"""
UNDO = """
DROP TRIGGER append_only ON catalog_stockmovement;
DROP FUNCTION catalog_is_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_models")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
