"""The books can be written, never changed."""

from django.db import migrations

GUARD = """
CREATE FUNCTION payments_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments_journal
  FOR EACH ROW EXECUTE FUNCTION payments_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments_posting
  FOR EACH ROW EXECUTE FUNCTION payments_is_append_only();
"""
UNDO = """
DROP TRIGGER append_only ON payments_posting;
DROP TRIGGER append_only ON payments_journal;
DROP FUNCTION payments_is_append_only;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
