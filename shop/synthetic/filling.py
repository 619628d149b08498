"""Add any number of made-up products with COPY: a million in a few minutes."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from catalog.inventory import default_location
from catalog.inventory.availability import stock_class_sql
from catalog.languages import search_config
from catalog.listings import mark_categories
from catalog.listings.search import refresh_terms
from catalog.markets import default_market
from catalog.models import Listing, Product, Variant
from shop.synthetic.categories import FacetIds, Leaf, make_attributes, make_leaves
from shop.synthetic.loading import indexes_built_last, next_id
from shop.synthetic.words import COLOURS, MATERIALS, SIZES, STYLES, Names, series_names

CHUNK = 20_000
PRODUCTS_PER_SERIES = 20  # average number of products per invented series name
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)

# One line per product, from which the statements below derive all other rows.
STAGING = """
CREATE TEMPORARY TABLE staging (
  id bigint, title text, vendor text, categories bigint[], facets int[], colours text[], price bigint, sale bigint,
  variants int, on_hand int, sales int, rank int, rating int, reviews int, created timestamptz, tags text[])
"""
COPY = "COPY staging FROM STDIN"
DERIVE = [
    """INSERT INTO catalog_product (id, handle, slug, title, status, vendor, description, tags, seo_title,
         seo_description, position, sales, rating, review_count, created_at, updated_at, category_id, maker_details,
         safety_text, missing)
       SELECT id, 'made-' || id, 'made-' || id, title, 'active', vendor, '<p>A ' || lower(title) || '.</p>', tags, '', '',
         rank, sales, rating, reviews, created, created, categories[cardinality(categories)], '', '',
         '{picture}' FROM staging""",
    """INSERT INTO catalog_option (product_id, position, name) SELECT id, 1, 'Colour' FROM staging WHERE variants > 1""",
    """INSERT INTO catalog_variant (product_id, position, option1, option2, option3, sku, barcode, grams, hs_code, origin,
         content_unit, base_unit, is_active, is_tracked, low_stock_at, is_taxable, needs_shipping, tax_class,
         is_gift_card)
       SELECT id, n, CASE WHEN variants > 1 THEN colours[n] ELSE '' END, '', '', 'MADE-' || id || '-' || n, '', 500, '', '',
         '', '', true, true, 5, true, true, 'standard', false
       FROM staging, generate_series(1, variants) AS n""",
    """INSERT INTO catalog_price (variant_id, market, currency, kind, amount_minor, valid)
       SELECT v.id, %(market)s, %(currency)s, 'regular', s.price, tstzrange(s.created, NULL)
       FROM staging s JOIN catalog_variant v ON v.product_id = s.id""",
    """INSERT INTO catalog_price (variant_id, market, currency, kind, amount_minor, valid)
       SELECT v.id, %(market)s, %(currency)s, 'sale', s.sale, tstzrange(now() - interval '1 day', NULL)
       FROM staging s JOIN catalog_variant v ON v.product_id = s.id WHERE s.sale IS NOT NULL""",
    """INSERT INTO catalog_stock (variant_id, location_id, on_hand, reserved, backorder_limit, shortfall)
       SELECT v.id, %(location)s, s.on_hand, 0, 0, 0 FROM staging s JOIN catalog_variant v ON v.product_id = s.id""",
    """INSERT INTO catalog_stockmovement (kind, variant_id, location_id, on_hand_change, reserved_change, reference,
         reason, created_at)
       SELECT 'received', v.id, %(location)s, s.on_hand, 0, '', 'made up', s.created
       FROM staging s JOIN catalog_variant v ON v.product_id = s.id WHERE s.on_hand > 0""",
    """INSERT INTO catalog_product_attribute_values (product_id, attributevalue_id)
       SELECT id, unnest(facets) FROM staging""",
    f"""INSERT INTO catalog_listing (product_id, market, valid, is_past, slug, title, vendor, category_ids, category1,
         category2, category3, tags, facets, currency, price_minor, highest_price_minor, regular_price_minor,
         prior_price_minor, is_on_sale, stock_class, image, colours, position, sales, rating, review_count, created_at,
         search)
       SELECT s.id, %(market)s, tstzrange(now(), NULL), false, 'made-' || s.id, title, vendor, categories, categories[1],
         categories[2], categories[3], tags, facets, %(currency)s, coalesce(sale, price), coalesce(sale, price), price,
         CASE WHEN sale IS NOT NULL THEN price END, sale IS NOT NULL,
         {stock_class_sql("on_hand * variants")},
         '{{}}', CASE WHEN variants > 1 THEN colours[1:variants] ELSE '{{}}' END, rank, sales, rating, reviews, created,
         setweight(to_tsvector(%(config)s::regconfig, title), 'A')
         || setweight(to_tsvector(%(config)s::regconfig, vendor || ' ' || array_to_string(tags, ' ')), 'B')
         || setweight(to_tsvector(%(config)s::regconfig, names.words), 'C')
       FROM staging s, LATERAL (SELECT string_agg(c.name, ' ') AS words FROM catalog_category c
                                WHERE c.id = ANY(s.categories)) AS names""",  # noqa: S608  (our own text)
]


def fill(products: int, *, seed: int = 1, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Add products with variants, prices, stock, facets and Zipf-like sales.

    The same seed generates the same products. The indexes of the listings are rebuilt at the end.
    """
    draw = random.Random(seed)  # noqa: S311  (names, not secrets)
    leaves, facets = make_leaves(products), make_attributes()
    names = Names(draw, series_names(draw, max(10, products // PRODUCTS_PER_SERIES)))
    ranks = list(range(1, products + 1))
    draw.shuffle(ranks)
    maker = _Maker(draw, leaves, facets, names, next_id(Product._meta.db_table), ranks)
    with indexes_built_last([Listing._meta.db_table], is_worth_it=products > CHUNK):
        for start in range(0, products, CHUNK):
            end = min(products, start + CHUNK)
            _copy("".join(maker.line(number) for number in range(start, end)))
            if on_progress:
                on_progress(end, products)
    _finish({pk for leaf in leaves for pk in leaf.ids})


@dataclass(frozen=True)
class _Maker:
    """Generates the COPY line of each product."""

    draw: random.Random
    leaves: list[Leaf]
    facets: FacetIds
    names: Names
    first_id: int
    ranks: list[int]

    def line(self, number: int) -> str:
        draw = self.draw
        leaf = self.leaves[number % len(self.leaves)]
        material, style = draw.choice(MATERIALS), draw.choice(STYLES)
        colours = draw.sample(list(COLOURS), 3)
        variants = draw.choice((1, 1, 1, 2, 3))
        size, washable = draw.choice(SIZES), draw.choice(("Yes", "No"))
        rank = self.ranks[number]
        price = draw.randint(5, 400) * 100 - draw.choice((0, 5, 50))
        sale = str(price * 4 // 5) if draw.random() < 0.1 else r"\N"
        ids = [self.facets.material[material], self.facets.style[style], self.facets.size[size]]
        ids += [self.facets.washable[washable], *(self.facets.colour[c] for c in colours[:variants])]
        created = BEGAN + timedelta(seconds=draw.randrange(86_400 * 900))
        reviews = max(0, int(400 / rank**0.5) - draw.randrange(5))
        cells = [
            str(self.first_id + number),
            self.names.title(leaf.kind, material),
            draw.choice(self.names.series[:500]) + " Studio",
            _array(leaf.ids),
            _array(sorted(ids)),
            _array(colours),
            str(price),
            sale,
            str(variants),
            str(0 if draw.random() < 0.05 else draw.randint(1, 60)),
            str(int(20_000 / rank**0.9)),  # Zipf: the second product sells about half as much as the first
            str(rank),
            str(draw.randrange(300, 500) if reviews else 0),
            str(reviews),
            created.isoformat(),
            _array([style.lower()]),
        ]
        return "\t".join(cells) + "\n"


def _array(values: list) -> str:
    return "{" + ",".join(map(str, values)) + "}"


@transaction.atomic
def _copy(lines: str) -> None:
    """Insert one chunk of products and all rows that belong to them."""
    market = default_market()
    parameters = {
        "market": market.code,
        "currency": market.currency,
        "location": default_location().pk,
        "config": search_config(market.language),
    }
    with connection.cursor() as cursor:
        cursor.execute(STAGING)
        with cursor.copy(COPY) as copy:  # type: ignore[attr-defined]
            copy.write(lines)
        cursor.execute("ANALYZE staging")
        for statement in DERIVE:
            cursor.execute(statement, parameters)
        cursor.execute("DROP TABLE staging")


def _finish(category_ids: set[int]) -> None:
    """Update sequences, statistics, category versions and vocabulary for the new rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('catalog_product', 'id'), max(id)) FROM catalog_product")
        for model in (Product, Variant, Listing):
            cursor.execute(f'VACUUM ANALYZE "{model._meta.db_table}"')
        cursor.execute("ANALYZE")
    mark_categories(category_ids)
    refresh_terms()
