"""What orders, methods and carts said in old columns stands in the new ones; the gift cards' ledger is append-only."""

from typing import Any

from django.db import migrations, models

TAXES = """
UPDATE orders_order SET taxes = CASE WHEN tax_minor > 0 THEN jsonb_build_array(jsonb_build_object(
  'percent', trim_scale(tax_rate)::text, 'base_minor', total_minor - tax_minor, 'tax_minor', tax_minor)) ELSE '[]' END
"""
LINE_TAXES = """
UPDATE orders_orderline l SET tax_percent = o.tax_rate FROM orders_order o WHERE o.id = l.order_id AND l.tax_minor > 0
"""
CUSTOMERS = """
UPDATE orders_order SET customer_key = encode(sha256(convert_to(
  split_part(regexp_replace(lower(email), '@[^@]*$', ''), '+', 1) || '@' || substring(lower(email) from '[^@]*$'),
  'UTF8')), 'hex')
WHERE email LIKE '%@%'
"""
# The way back: an order with several rates keeps the one that most of it bears.
OLD_RATE = """
UPDATE orders_order SET tax_rate = coalesce((
  SELECT (t->>'percent')::numeric FROM jsonb_array_elements(taxes) t ORDER BY (t->>'base_minor')::bigint DESC LIMIT 1), 0)
"""
# Rates of regions and of other classes cannot be told apart by the old columns.
OLD_RATES = "DELETE FROM orders_taxrate WHERE region <> '' OR tax_class <> 'standard'"
GUARD = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON orders_giftcardmovement
  FOR EACH ROW EXECUTE FUNCTION orders_is_append_only();
"""
UNDO_GUARD = "DROP TRIGGER append_only ON orders_giftcardmovement;"


def make_zones(apps: Any, schema_editor: Any) -> None:
    """Each method's countries become a zone, its price the zone's flat rate."""
    method_model = apps.get_model("orders", "ShippingMethod")
    zone_model = apps.get_model("orders", "ShippingZone")
    rate_model = apps.get_model("orders", "ShippingRate")
    for method in method_model.objects.order_by("position", "pk"):
        countries = sorted(set(method.countries))
        zone = next((zone for zone in zone_model.objects.all() if sorted(zone.countries) == countries), None)
        if zone is None:
            name = ", ".join(countries) if len(countries) < 6 else f"{len(countries)} countries ({method.code})"
            zone = zone_model.objects.create(name=name[:100], countries=countries)
        rate_model.objects.get_or_create(
            method=method, zone=zone, from_grams=0, from_minor=0, defaults={"price_minor": method.price_minor}
        )


def take_back(apps: Any, schema_editor: Any) -> None:
    """The cheapest rate of each method is its price again."""
    for method in apps.get_model("orders", "ShippingMethod").objects.all():
        rates = list(method.rates.select_related("zone").order_by("from_grams", "from_minor", "price_minor"))
        method.countries = sorted({country for rate in rates for country in rate.zone.countries})
        method.price_minor = rates[0].price_minor if rates else 0
        method.save(update_fields=["countries", "price_minor"])


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_pricing")]
    operations = [
        migrations.RunSQL([TAXES, LINE_TAXES, CUSTOMERS], [OLD_RATE, OLD_RATES]),
        migrations.RunPython(make_zones, take_back),
        migrations.RunSQL(GUARD, UNDO_GUARD),
        migrations.RemoveConstraint(model_name="shippingmethod", name="shipping_price_not_negative"),
        migrations.AlterField("shippingmethod", "price_minor", models.BigIntegerField(default=0)),
        migrations.AlterField("order", "tax_rate", models.DecimalField(decimal_places=3, default=0, max_digits=6)),
    ]
