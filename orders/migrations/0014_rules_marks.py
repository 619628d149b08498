"""Mark every change of a rule that prices depend on, so that processes know when to read the rules again."""

import uuid

import django.contrib.postgres.functions
from django.db import migrations, models

# Two transactions that change rules never wait for each other: each skips the marks that the other one is deleting.
FUNCTION = """
CREATE FUNCTION orders_mark_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM orders_rulesmark WHERE id IN (SELECT id FROM orders_rulesmark FOR UPDATE SKIP LOCKED);
  INSERT INTO orders_rulesmark DEFAULT VALUES;
  RETURN NULL;
END $$;
INSERT INTO orders_rulesmark DEFAULT VALUES;
"""
TABLES = (
    "orders_taxrate",
    "orders_taxregion",
    "orders_shippingmethod",
    "orders_shippingzone",
    "orders_shippingrate",
    "orders_closingday",
    "orders_promotiontier",
    "orders_promotion_products",
    "orders_promotion_categories",
    "orders_promotion_collections",
    "orders_promotion_reward_products",
    "orders_promotion_groups",
    "catalog_store",
    "catalog_page",
)
TRIGGER = """
CREATE TRIGGER mark_rules AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION orders_mark_rules();
"""
# Orders count the uses of a promotion in its row, which must not mark anything. Whole rows are compared, so a new column
# counts as a rule unless it is excluded here.
PROMOTION_TRIGGERS = """
CREATE TRIGGER mark_rules AFTER INSERT OR DELETE OR TRUNCATE ON orders_promotion
  FOR EACH STATEMENT EXECUTE FUNCTION orders_mark_rules();
CREATE TRIGGER mark_changed_rules AFTER UPDATE ON orders_promotion FOR EACH ROW
  WHEN (to_jsonb(OLD) - 'uses' IS DISTINCT FROM to_jsonb(NEW) - 'uses') EXECUTE FUNCTION orders_mark_rules();
"""
CREATE = FUNCTION + "".join(TRIGGER.format(table=table) for table in TABLES) + PROMOTION_TRIGGERS
DROP = "DROP FUNCTION orders_mark_rules CASCADE;"  # with its triggers


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0014_words"),
        ("orders", "0013_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="RulesMark",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
