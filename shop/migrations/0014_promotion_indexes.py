"""Indexes for the tabs of promotions, so that old promotions cost nothing however many there are."""

from django.db import migrations

INDEXES = {
    "promotion_on_ends": "orders_promotion (ends_at, begins_at) WHERE is_active",
    "promotion_on_begins": "orders_promotion (begins_at) WHERE is_active",
    "promotion_off": "orders_promotion (id) WHERE NOT is_active",
}


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0029_refunded_units"),
        ("shop", "0013_mail_name"),
    ]

    operations = [
        *[
            migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
            for name, columns in INDEXES.items()
        ],
        migrations.RunSQL("ANALYZE orders_promotion", ""),
    ]
