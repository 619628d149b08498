"""A journal whose postings do not sum to zero cannot be committed, nor one without postings for money that moved."""

from django.db import migrations

GUARD = """
CREATE FUNCTION payments_journal_sums_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE total bigint;
BEGIN
  SELECT sum(amount_minor) INTO total FROM payments_posting WHERE journal_id = NEW.journal_id;
  IF total <> 0 THEN
    RAISE EXCEPTION 'journal % sums to %, not to zero', NEW.journal_id, total USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER zero_sum AFTER INSERT ON payments_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_journal_sums_to_zero();
"""
UNDO = """
DROP TRIGGER zero_sum ON payments_posting;
DROP FUNCTION payments_journal_sums_to_zero;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_append_only")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
