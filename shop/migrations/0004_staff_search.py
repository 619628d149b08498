"""What staff search in is found without accents, also in large tables; the function spans apps, so it stands here."""

from typing import Any

from django.db import migrations

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
    dependencies = [
        ("shop", "0003_mail_body_help"),
        ("accounts", "0001_initial"),
        ("catalog", "0001_extensions"),
        ("catalog", "0002_models"),
        ("orders", "0001_initial"),
    ]

    operations = [migrations.RunPython(create, drop)]
