"""What products lack, kept with them, and indexes for the lists of those and for sorting variants by their codes."""

from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.conf import settings
from django.db import migrations, models

# As catalog/listings/missing.py writes it from now on.
WRITE = """
UPDATE catalog_product AS product SET missing = found.missing
FROM (
    SELECT known.id, array_remove(ARRAY[
            CASE WHEN picture.product_id IS NULL THEN 'picture' END,
            CASE WHEN variant.product_id IS NULL OR variant.lacks_price THEN 'price' END,
            CASE WHEN variant.product_id IS NULL OR NOT variant.is_sold THEN 'variant' END
        ], NULL)
        || ARRAY(SELECT 'price-' || code FROM unnest(%s::text[]) WITH ORDINALITY AS market (code, place)
                 WHERE code <> ALL (coalesce(variant.lasting, '{}')) ORDER BY place) AS missing
    FROM catalog_product AS known
    LEFT JOIN (SELECT DISTINCT product_id FROM catalog_productimage) AS picture ON picture.product_id = known.id
    LEFT JOIN (
        SELECT product_id, bool_or(is_active) AS is_sold, bool_or(price.variant_id IS NULL) AS lacks_price,
            array_agg(price.market::text) FILTER (WHERE is_active AND price.is_lasting) AS lasting
        FROM catalog_variant
        LEFT JOIN (
            SELECT variant_id, market,
                bool_or(upper_inf(valid) AND (lower_inf(valid) OR lower(valid) <= now())) AS is_lasting
            FROM catalog_price GROUP BY variant_id, market
        ) AS price ON price.variant_id = catalog_variant.id
        GROUP BY product_id
    ) AS variant ON variant.product_id = known.id
) AS found
WHERE product.id = found.id AND product.missing::text[] <> found.missing
"""


def write_missing(_apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(WRITE, [[market["code"] for market in settings.MARKETS]])


class Migration(migrations.Migration):
    dependencies = [("catalog", "0030_stocktake_key")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="missing",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                db_default=[],
                default=list,
                editable=False,
                help_text="What staff have to add, written with its listings: see catalog/products/worklists.py.",
                size=None,
            ),
        ),
        migrations.RunPython(write_missing, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="variant",
            name="barcode",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name="variant",
            name="sku",
            field=models.CharField(blank=True, max_length=255, verbose_name="SKU"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("missing", []), _negated=True),
                fastupdate=False,
                fields=["missing"],
                name="product_missing",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("description", "")), fields=["position", "id"], name="product_no_description"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("maker_details", "")), fields=["position", "id"], name="product_no_maker"
            ),
        ),
        migrations.AddIndex(
            model_name="productimage",
            index=models.Index(condition=models.Q(("alt", "")), fields=["product"], name="image_without_text"),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(fields=["sku", "-id"], name="variant_sku"),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(fields=["barcode", "-id"], name="variant_barcode"),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(fields=["barcode"], name="variant_barcode_begin", opclasses=["varchar_pattern_ops"]),
        ),
    ]
