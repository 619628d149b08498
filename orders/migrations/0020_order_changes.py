"""Record what staff change in orders: the values before and after, and the key of the form.

The values can be personal data, so they and the text of notes can be removed. Everything else stays append-only.
"""

from django.db import migrations, models

GUARD = """
DROP TRIGGER append_only ON orders_orderevent;
CREATE TRIGGER append_only BEFORE DELETE ON orders_orderevent
  FOR EACH ROW EXECUTE FUNCTION orders_is_append_only();
CREATE TRIGGER append_only_but_personal_data BEFORE UPDATE ON orders_orderevent
  FOR EACH ROW WHEN (
    to_jsonb(NEW) - 'changes' - 'text' <> to_jsonb(OLD) - 'changes' - 'text'
    OR NEW.changes NOT IN (OLD.changes, '[]'::jsonb)
    OR NEW.text NOT IN (OLD.text, CASE OLD.kind WHEN 'note' THEN '' ELSE OLD.text END)
  ) EXECUTE FUNCTION orders_is_append_only();
"""
UNDO = """
DROP TRIGGER append_only_but_personal_data ON orders_orderevent;
DROP TRIGGER append_only ON orders_orderevent;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_orderevent
  FOR EACH ROW EXECUTE FUNCTION orders_is_append_only();
"""
KINDS = [
    ("placed", "Placed"),
    ("confirmed", "Confirmed"),
    ("shipped", "Shipped"),
    ("completed", "Completed"),
    ("canceled", "Canceled"),
    ("payment", "Payment"),
    ("note", "Note"),
    ("edited", "Edited"),
    ("mail", "E-mail"),
]
PERMISSIONS = [
    ("ship_order", "Can ship orders"),
    ("cancel_order", "Can cancel orders"),
    ("edit_order", "Can correct addresses and e-mail addresses of orders"),
    ("note_order", "Can add notes to orders"),
    ("mail_order", "Can send the e-mails of orders again"),
    ("see_customer_order", "Can see customers and their addresses in orders"),
    ("see_evidence_order", "Can see the IP address from which the terms were accepted"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0019_ship_by_of_open_orders"),
    ]

    operations = [
        migrations.AlterModelOptions(name="order", options={"ordering": ["-placed_at"], "permissions": PERMISSIONS}),
        migrations.AddField(
            model_name="orderevent",
            name="changes",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="What was changed: label, value before and value after.",
            ),
        ),
        migrations.AddField(
            model_name="orderevent",
            name="key",
            field=models.UUIDField(
                editable=False,
                help_text="From the form of staff. The same form sent twice acts once.",
                null=True,
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="orderevent", name="kind", field=models.CharField(choices=KINDS, max_length=10)
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
