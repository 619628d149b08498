"""Listings are found by words that are cut as searches are cut: `Black/White` by `white`, `1.5` by `1.5`."""

from django.db import connection, migrations

from catalog.languages import PLAIN, search_config
from catalog.markets import all_markets
from catalog.listings.words import indexed, vocabulary

BATCH = 1_000
READ = """
SELECT l.id, l.market, l.title, l.vendor, l.tags,
       ARRAY(SELECT c.name FROM catalog_category c WHERE c.id = ANY(l.category_ids)),
       ARRAY(SELECT code FROM catalog_variant v, unnest(ARRAY[v.sku, v.barcode]) AS code
             WHERE v.product_id = l.product_id AND v.is_active)
FROM catalog_listing l WHERE NOT l.is_past AND l.id > %s ORDER BY l.id LIMIT %s
"""
WRITE = """
UPDATE catalog_listing AS listing SET search =
    setweight(to_tsvector(text.config::regconfig, text.title), 'A')
 || setweight(to_tsvector(text.config::regconfig, text.maker), 'B')
 || setweight(to_tsvector(text.config::regconfig, text.rest), 'C')
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS text (id, config, title, maker, rest)
WHERE listing.id = text.id
"""
ADD_WORDS = """
INSERT INTO catalog_searchterm (word, weight) SELECT word, 1 FROM unnest(%s::text[]) AS word ON CONFLICT DO NOTHING
"""


def configuration(market: str) -> str:
    found = all_markets().get(market)
    return search_config(found.language) if found else PLAIN


def write_search_again(apps, schema_editor) -> None:
    """In batches, each its own transaction: an interrupted migration begins anew and does no harm."""
    last = 0
    with connection.cursor() as cursor:
        # Words that the old rule had cut (`-315`, `black/white`) would go on completing and mending searches.
        cursor.execute("DELETE FROM catalog_searchterm")
        cursor.execute(READ, [last, BATCH])
        while rows := cursor.fetchall():
            columns = [
                [row[0] for row in rows],
                [configuration(row[1]) for row in rows],
                [indexed(row[2]) for row in rows],
                [indexed(row[3], *row[4]) for row in rows],
                [indexed(*row[5], *row[6]) for row in rows],
            ]
            cursor.execute(WRITE, columns)
            words = set().union(*(vocabulary((row[2], row[3])) for row in rows))
            cursor.execute(ADD_WORDS, [sorted(words)])
            last = rows[-1][0]
            cursor.execute(READ, [last, BATCH])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0007_run_source")]
    operations = [migrations.RunPython(write_search_again, migrations.RunPython.noop)]
