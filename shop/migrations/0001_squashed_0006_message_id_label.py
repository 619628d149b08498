"""The tables of the shop itself, for a new database. An older one is updated by the migrations that this one replaces."""

from typing import Any

from django.db import migrations, models


# The table of the default cache, which holds sign-in limits and so must survive a flushed Redis.
# As `createcachetable` makes it; here, so that one `migrate` is enough.
TABLE = """
CREATE TABLE shop_cache (
  cache_key varchar(255) NOT NULL PRIMARY KEY,
  value text NOT NULL,
  expires timestamp with time zone NOT NULL
);
CREATE INDEX shop_cache_expires ON shop_cache (expires);
"""

# What staff search in is found without accents, also in large tables. The function spans apps, so it stands here.
# unaccent() depends on a dictionary and counts as stable; named with its schema it can stand in an index.
FUNCTION = """
CREATE OR REPLACE FUNCTION shop_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT lower({schema}.unaccent('{schema}.unaccent'::regdictionary, normalize($1, NFKC))) $$
"""
SCHEMA = "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = %s"
FOLDED = {
    "order_number_folded": ("orders_order", "number"),
    "order_name_folded": ("orders_order", "name"),
    "order_email_folded": ("orders_order", "email"),
    "user_email_folded": ("accounts_user", "email"),
    "user_name_folded": ("accounts_user", "name"),
    "product_title_folded": ("catalog_product", "title"),
    "variant_sku_folded": ("catalog_variant", "sku"),
    "mail_subject_folded": ("shop_mail", "subject"),
    "mail_recipients_folded": ("shop_mail", "recipients::text"),
}
LINE_SKU = "CREATE INDEX order_line_sku ON orders_orderline (upper(sku::text))"


def create(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(SCHEMA, ["unaccent"])
        schema = schema_editor.quote_name(cursor.fetchone()[0])
        cursor.execute(FUNCTION.format(schema=schema))
        for name, (table, column) in FOLDED.items():
            cursor.execute(f"CREATE INDEX {name} ON {table} USING gin (shop_fold({column}) gin_trgm_ops)")
        cursor.execute(LINE_SKU)


def drop(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        for name in (*FOLDED, "order_line_sku"):
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("DROP FUNCTION shop_fold(text)")


class Migration(migrations.Migration):
    replaces = [
        ("shop", "0001_initial"),
        ("shop", "0002_cache_table"),
        ("shop", "0003_mail_body_help"),
        ("shop", "0004_staff_search"),
        ("shop", "0005_mail_keeps_text"),
        ("shop", "0006_message_id_label"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("catalog", "0002_models"),
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Mail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(max_length=255, unique=True, verbose_name="message ID")),
                ("sender", models.CharField(max_length=320)),
                ("recipients", models.JSONField()),
                ("subject", models.CharField(max_length=500)),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        help_text="The whole message; dropped on delivery where it may hold a secret, else after 90 days.",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(choices=[(1, "Account"), (2, "Order"), (3, "Bulk")], default=2),
                ),
                (
                    "keeps_text",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Keep the text after delivery: it contains no gift card's code and no login link.",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("queued", "Queued"), ("sent", "Sent"), ("dead", "Refused for good")],
                        default="queued",
                        max_length=6,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_try_at", models.DateTimeField()),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "mail",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "queued")),
                        fields=["priority", "next_try_at"],
                        name="mail_waiting",
                    )
                ],
            },
        ),
        migrations.RunSQL(TABLE, "DROP TABLE shop_cache"),
        migrations.RunPython(create, drop),
    ]
