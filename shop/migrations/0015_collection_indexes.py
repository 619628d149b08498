"""Indexes for the searches of collections and gift cards, and the order of the values of attributes."""

from django.db import migrations

INDEXES = {
    "collection_name_folded": "catalog_collection USING gin (shop_fold(name) gin_trgm_ops)",
    "collection_slug_folded": "catalog_collection USING gin (shop_fold(slug) gin_trgm_ops)",
    "gift_card_last_characters": "orders_giftcard (last_characters varchar_pattern_ops)",
    "attribute_value_order": "catalog_attributevalue (position, number, label, id DESC)",
}


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0029_page_version_values"),
        ("orders", "0029_refunded_units"),
        ("shop", "0014_promotion_indexes"),
    ]

    operations = [
        *[
            migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
            for name, columns in INDEXES.items()
        ],
        migrations.RunSQL("ANALYZE catalog_collection, catalog_attributevalue", ""),
    ]
