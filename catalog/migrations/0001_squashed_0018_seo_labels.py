"""The tables of the catalogue, for a new database. An older one is updated by the migrations that this one replaces."""

from catalog.languages import PLAIN, STEMMERS
from django.contrib.postgres.operations import BtreeGistExtension, CreateExtension, TrigramExtension, UnaccentExtension
import catalog.models.price
import catalog.models.weekdays
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import uuid
from django.conf import settings
from django.db import migrations, models


# unaccent() is not immutable, so it cannot stand in an index; as a dictionary of a configuration it can.
CONFIGURATIONS = f"""
CREATE TEXT SEARCH CONFIGURATION {PLAIN} (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION {PLAIN} ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;
""" + "".join(
    f"""
CREATE TEXT SEARCH CONFIGURATION mercer_{code} (COPY = {stemmer});
ALTER TEXT SEARCH CONFIGURATION mercer_{code} ALTER MAPPING FOR hword, hword_part, word WITH unaccent, {stemmer}_stem;
"""
    for code, stemmer in STEMMERS.items()
)
DROP_CONFIGURATIONS = "".join(
    f"DROP TEXT SEARCH CONFIGURATION {name};" for name in (PLAIN, *(f"mercer_{code}" for code in STEMMERS))
)
# Stock movements and the history of products can be written, never changed.
APPEND_ONLY = """
CREATE FUNCTION catalog_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: write a new row instead', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_stockmovement
  FOR EACH ROW EXECUTE FUNCTION catalog_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_change
  FOR EACH ROW EXECUTE FUNCTION catalog_is_append_only();
"""
DROP_APPEND_ONLY = "DROP FUNCTION catalog_is_append_only CASCADE;"  # with its triggers


class Migration(migrations.Migration):
    replaces = [
        ("catalog", "0001_extensions"),
        ("catalog", "0002_models"),
        ("catalog", "0003_append_only"),
        ("catalog", "0004_catalogue"),
        ("catalog", "0005_rules"),
        ("catalog", "0006_pricing"),
        ("catalog", "0007_run_source"),
        ("catalog", "0008_search_words"),
        ("catalog", "0009_promises"),
        ("catalog", "0010_store_gift_card"),
        ("catalog", "0011_backorder_permission"),
        ("catalog", "0012_market_texts"),
        ("catalog", "0013_promises_help"),
        ("catalog", "0014_words"),
        ("catalog", "0015_fuzzystrmatch"),
        ("catalog", "0016_plain_texts"),
        ("catalog", "0017_store_name"),
        ("catalog", "0018_seo_labels"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        UnaccentExtension(),
        CreateExtension("fuzzystrmatch"),
        migrations.RunSQL(CONFIGURATIONS, DROP_CONFIGURATIONS),
        migrations.CreateModel(
            name="Attribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.SlugField(help_text="Its name in URLs, as in ?material=oak.", max_length=60, unique=True),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "Text"),
                            ("number", "Number"),
                            ("boolean", "Yes or no"),
                            ("choice", "Choice"),
                            ("colour", "Colour"),
                        ],
                        default="choice",
                        max_length=8,
                    ),
                ),
                (
                    "unit",
                    models.CharField(blank=True, help_text="The unit shown after numbers, such as cm.", max_length=20),
                ),
                (
                    "is_facet",
                    models.BooleanField(default=True, help_text="Shoppers can filter by it.", verbose_name="filter"),
                ),
                (
                    "option_names",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100),
                        blank=True,
                        default=list,
                        help_text="Options with these names also set this attribute, such as Glaze and Colour.",
                        size=None,
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="FacetCount",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("version", models.BigIntegerField()),
                ("counts", models.JSONField()),
                ("counted_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Location",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("priority", models.PositiveIntegerField(default=10)),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["priority", "id"],
            },
        ),
        migrations.CreateModel(
            name="Page",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "section",
                    models.CharField(
                        choices=[("help", "Help"), ("legal", "Legal"), ("about", "About")], default="help", max_length=5
                    ),
                ),
                ("slug", models.SlugField(max_length=80, unique=True)),
                ("title", models.CharField(max_length=200)),
                (
                    "body",
                    models.TextField(
                        help_text="HTML. Scripts and styles are removed. These placeholders are replaced: {{ return_days }}, {{ dispatch_days }}, {{ cut_off }}, {{ shop_name }}, {{ seller_name }}, {{ contact_email }}, {{ delivery_table }}."
                    ),
                ),
                ("version", models.CharField(blank=True, max_length=20)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["section", "id"],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("import", "Import"), ("bulk", "Bulk edit")], max_length=6)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("waiting", "Waiting for a worker"),
                            ("applied", "Applied"),
                            ("undoing", "Waiting to be undone"),
                            ("undone", "Undone"),
                            ("failed", "Failed"),
                        ],
                        default="planned",
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(help_text="The name of the file, or a summary of the edit.", max_length=255)),
                (
                    "source",
                    models.BinaryField(
                        default=bytes,
                        help_text="The file or form that it was planned from. Removed when it is applied.",
                    ),
                ),
                ("plan", models.BinaryField(default=bytes)),
                ("undo", models.BinaryField(default=bytes)),
                (
                    "counts",
                    models.JSONField(
                        default=dict, help_text="The numbers of new, changed, unchanged and refused products."
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "permissions": [("apply_run", "Can apply and undo changes of many products")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["waiting", "undoing"])), fields=["id"], name="run_waiting"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Swatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "colour",
                    models.CharField(
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator("^#[0-9a-f]{6}$", "Enter a colour like #aabbcc.")
                        ],
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "swatches",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="AttributeValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(allow_unicode=True, max_length=120)),
                ("label", models.CharField(max_length=255)),
                ("number", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "colour",
                    models.CharField(
                        blank=True,
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator("^#[0-9a-f]{6}$", "Enter a colour like #aabbcc.")
                        ],
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "attribute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="values", to="catalog.attribute"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "number", "label"],
                "constraints": [models.UniqueConstraint(fields=("attribute", "slug"), name="attribute_value_once")],
            },
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("slug", models.SlugField(allow_unicode=True, max_length=120)),
                ("path", models.CharField(editable=False, max_length=1000, unique=True)),
                ("position", models.PositiveIntegerField(default=0)),
                ("description", models.TextField(blank=True, help_text="One or two sentences under the heading.")),
                ("text", models.TextField(blank=True, help_text="HTML shown below the products.")),
                ("seo_title", models.CharField(blank=True, max_length=255, verbose_name="SEO title")),
                ("seo_description", models.TextField(blank=True, verbose_name="SEO description")),
                ("image", models.FileField(blank=True, upload_to="categories/")),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="catalog.category",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "categories",
                "ordering": ["position", "name"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("parent", "slug"), name="category_slug_in_parent", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parent", models.F("id")), _negated=True), name="category_not_own_parent"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CategoryChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("category_id", models.BigIntegerField(help_text="0 stands for the whole shop.")),
            ],
            options={
                "indexes": [models.Index(fields=["category_id", "-id"], name="catalog_cat_categor_7c6d32_idx")],
            },
        ),
        migrations.CreateModel(
            name="Collection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("slug", models.SlugField(allow_unicode=True, max_length=120, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("manual", "Chosen by hand"), ("rule", "By rule")], default="manual", max_length=6
                    ),
                ),
                ("description", models.TextField(blank=True, help_text="One or two sentences under the heading.")),
                ("seo_title", models.CharField(blank=True, max_length=255, verbose_name="SEO title")),
                ("seo_description", models.TextField(blank=True, verbose_name="SEO description")),
                ("is_active", models.BooleanField(default=True)),
                ("position", models.PositiveIntegerField(default=0)),
                ("rule_tag", models.CharField(blank=True, max_length=100, verbose_name="tag")),
                ("rule_vendor", models.CharField(blank=True, max_length=255, verbose_name="maker")),
                (
                    "rule_min_minor",
                    models.BigIntegerField(
                        blank=True, help_text="In minor units: 2500 is 25.00.", null=True, verbose_name="price from"
                    ),
                ),
                (
                    "rule_below_minor",
                    models.BigIntegerField(
                        blank=True, help_text="In minor units: 2500 is 25.00.", null=True, verbose_name="price below"
                    ),
                ),
                ("rule_on_sale", models.BooleanField(default=False, verbose_name="on sale")),
                (
                    "rule_category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="PageText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("market", models.CharField(max_length=16)),
                ("title", models.CharField(max_length=200)),
                ("body", models.TextField(help_text="HTML. Scripts and styles are removed.")),
                (
                    "page",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="texts", to="catalog.page"
                    ),
                ),
            ],
            options={
                "ordering": ["market"],
                "constraints": [models.UniqueConstraint(fields=("page", "market"), name="page_text_market")],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "handle",
                    models.CharField(
                        help_text="Identifies the product in files that are imported or exported.",
                        max_length=255,
                        unique=True,
                    ),
                ),
                ("slug", models.SlugField(help_text="The last part of its URL, /p/…/.", max_length=255, unique=True)),
                ("title", models.CharField(max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("active", "Active"),
                            ("unlisted", "Unlisted (reached by its URL only)"),
                            ("archived", "Archived"),
                            ("withdrawn", "Withdrawn (its import was undone)"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("publish_at", models.DateTimeField(blank=True, null=True, verbose_name="visible from")),
                ("unpublish_at", models.DateTimeField(blank=True, null=True, verbose_name="visible until")),
                ("vendor", models.CharField(blank=True, max_length=255, verbose_name="maker")),
                (
                    "maker_details",
                    models.TextField(
                        blank=True,
                        help_text="Postal and e-mail address. It must be shown to shoppers in the EU.",
                        verbose_name="maker's address",
                    ),
                ),
                (
                    "safety_text",
                    models.TextField(
                        blank=True,
                        help_text="Warnings that shoppers must see before they buy.",
                        verbose_name="safety information",
                    ),
                ),
                ("description", models.TextField(blank=True, help_text="HTML. Scripts and styles are removed.")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), blank=True, default=list, size=None
                    ),
                ),
                (
                    "dispatch_days",
                    catalog.models.weekdays.WeekdaysField(
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="The weekdays on which this product is dispatched. If none is ticked, the shop's weekdays apply.",
                        size=None,
                    ),
                ),
                ("is_returnable", models.BooleanField(db_default=True, default=True, verbose_name="can be returned")),
                (
                    "return_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="If this is empty, the shop's number of days applies.",
                        null=True,
                        verbose_name="days to return",
                    ),
                ),
                ("seo_title", models.CharField(blank=True, max_length=255, verbose_name="SEO title")),
                ("seo_description", models.TextField(blank=True, verbose_name="SEO description")),
                ("position", models.IntegerField(default=0, help_text="Products with small numbers come first.")),
                ("sales", models.PositiveIntegerField(default=0, editable=False, verbose_name="sold in 30 days")),
                (
                    "rating",
                    models.PositiveSmallIntegerField(
                        default=0, editable=False, help_text="The average rating in hundredths of a star."
                    ),
                ),
                ("review_count", models.PositiveIntegerField(default=0, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "attribute_values",
                    models.ManyToManyField(blank=True, related_name="products", to="catalog.attributevalue"),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="products",
                        to="catalog.category",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="Option",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=100)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="options", to="catalog.product"
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.UniqueConstraint(fields=("product", "position"), name="option_position"),
                    models.UniqueConstraint(fields=("product", "name"), name="option_name"),
                    models.CheckConstraint(
                        condition=models.Q(("position__range", (1, 3))), name="option_at_most_three"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Listing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("market", models.CharField(max_length=16)),
                ("valid", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("is_past", models.BooleanField(default=False)),
                ("slug", models.CharField(max_length=255)),
                ("title", models.CharField(max_length=255)),
                ("vendor", models.CharField(blank=True, max_length=255)),
                (
                    "category_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("category1", models.BigIntegerField(null=True)),
                ("category2", models.BigIntegerField(null=True)),
                ("category3", models.BigIntegerField(null=True)),
                ("category4", models.BigIntegerField(null=True)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                (
                    "facets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(),
                        default=list,
                        help_text="The ids of its attribute values.",
                        size=None,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("price_minor", models.BigIntegerField()),
                ("highest_price_minor", models.BigIntegerField()),
                ("regular_price_minor", models.BigIntegerField()),
                (
                    "prior_price_minor",
                    models.BigIntegerField(
                        help_text="The lowest price of the 30 days before the sale began.", null=True
                    ),
                ),
                ("is_on_sale", models.BooleanField(default=False)),
                (
                    "stock_class",
                    models.CharField(
                        choices=[("in", "In stock"), ("low", "Only a few left"), ("out", "Sold out")],
                        default="out",
                        max_length=3,
                    ),
                ),
                ("image", models.JSONField(blank=True, default=dict)),
                (
                    "colours",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), default=list, size=None
                    ),
                ),
                ("position", models.IntegerField(default=0)),
                ("sales", models.IntegerField(default=0)),
                ("rating", models.SmallIntegerField(default=0)),
                ("review_count", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("search", django.contrib.postgres.search.SearchVectorField(null=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="listings", to="catalog.product"
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("is_past", False)),
                        fastupdate=False,
                        fields=["category_ids"],
                        name="listing_categories",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("is_past", False)), fastupdate=False, fields=["tags"], name="listing_tags"
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("is_past", False)),
                        fastupdate=False,
                        fields=["facets"],
                        name="listing_facets",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("is_past", False)),
                        fastupdate=False,
                        fields=["search"],
                        name="listing_search",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("is_on_sale", True)),
                        fields=["market", "position", "product"],
                        name="listing_sale",
                    ),
                    models.Index(condition=models.Q(("is_past", True)), fields=["id"], name="listing_past"),
                    models.Index(
                        condition=models.Q(("is_past", False)),
                        fields=["market", "position", "product"],
                        name="listing_all_featured",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False)),
                        fields=["market", "-created_at", "-product"],
                        name="listing_all_newest",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False)),
                        fields=["market", "price_minor", "product"],
                        name="listing_all_price",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False)),
                        fields=["market", "-sales", "-product"],
                        name="listing_all_sales",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False)),
                        fields=["market", "-rating", "-product"],
                        name="listing_all_rating",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category1__isnull", False)),
                        fields=["market", "category1", "position", "product"],
                        name="listing_c1_featured",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category1__isnull", False)),
                        fields=["market", "category1", "-created_at", "-product"],
                        name="listing_c1_newest",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category1__isnull", False)),
                        fields=["market", "category1", "price_minor", "product"],
                        name="listing_c1_price",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category1__isnull", False)),
                        fields=["market", "category1", "-sales", "-product"],
                        name="listing_c1_sales",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category1__isnull", False)),
                        fields=["market", "category1", "-rating", "-product"],
                        name="listing_c1_rating",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category2__isnull", False)),
                        fields=["market", "category2", "position", "product"],
                        name="listing_c2_featured",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category2__isnull", False)),
                        fields=["market", "category2", "-created_at", "-product"],
                        name="listing_c2_newest",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category2__isnull", False)),
                        fields=["market", "category2", "price_minor", "product"],
                        name="listing_c2_price",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category2__isnull", False)),
                        fields=["market", "category2", "-sales", "-product"],
                        name="listing_c2_sales",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category2__isnull", False)),
                        fields=["market", "category2", "-rating", "-product"],
                        name="listing_c2_rating",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category3__isnull", False)),
                        fields=["market", "category3", "position", "product"],
                        name="listing_c3_featured",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category3__isnull", False)),
                        fields=["market", "category3", "-created_at", "-product"],
                        name="listing_c3_newest",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category3__isnull", False)),
                        fields=["market", "category3", "price_minor", "product"],
                        name="listing_c3_price",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category3__isnull", False)),
                        fields=["market", "category3", "-sales", "-product"],
                        name="listing_c3_sales",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category3__isnull", False)),
                        fields=["market", "category3", "-rating", "-product"],
                        name="listing_c3_rating",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category4__isnull", False)),
                        fields=["market", "category4", "position", "product"],
                        name="listing_c4_featured",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category4__isnull", False)),
                        fields=["market", "category4", "-created_at", "-product"],
                        name="listing_c4_newest",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category4__isnull", False)),
                        fields=["market", "category4", "price_minor", "product"],
                        name="listing_c4_price",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category4__isnull", False)),
                        fields=["market", "category4", "-sales", "-product"],
                        name="listing_c4_sales",
                    ),
                    models.Index(
                        condition=models.Q(("is_past", False), ("category4__isnull", False)),
                        fields=["market", "category4", "-rating", "-product"],
                        name="listing_c4_rating",
                    ),
                ],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("product", "="), ("market", "="), ("valid", "&&")], name="listing_no_overlap"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DirtyListing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CollectionEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "collection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="catalog.collection"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="collection_entries",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "collection entries",
                "ordering": ["position", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("collection", "product"), name="collection_product_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="BoughtTogether",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("orders", models.PositiveIntegerField()),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bought_together",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("product", "other"), name="bought_together_once")],
            },
        ),
        migrations.CreateModel(
            name="ProductImage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=1)),
                ("alt", models.CharField(blank=True, max_length=512, verbose_name="alternative text")),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The URL or path of the picture in the import file.",
                        max_length=2000,
                    ),
                ),
                ("file", models.FileField(blank=True, max_length=200, upload_to="products/")),
                ("focus_x", models.PositiveSmallIntegerField(default=50, verbose_name="focus from the left (%)")),
                ("focus_y", models.PositiveSmallIntegerField(default=50, verbose_name="focus from the top (%)")),
                ("width", models.PositiveIntegerField(default=0, editable=False)),
                ("height", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "rendered_widths",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), blank=True, default=list, editable=False, size=None
                    ),
                ),
                (
                    "is_broken",
                    models.BooleanField(
                        default=False, editable=False, help_text="The file cannot be read, so it has no renditions."
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="images", to="catalog.product"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("is_broken", False), ("rendered_widths", []), models.Q(("file", ""), _negated=True)
                        ),
                        fields=["id"],
                        name="image_waiting",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("focus_x__lte", 100), ("focus_y__lte", 100)), name="image_focus_inside"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductType",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "attributes",
                    models.ManyToManyField(blank=True, related_name="product_types", to="catalog.attribute"),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="product",
            name="type",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="products",
                to="catalog.producttype",
            ),
        ),
        migrations.CreateModel(
            name="Redirect",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("product", "Product"), ("category", "Category")], max_length=8)),
                (
                    "old",
                    models.CharField(help_text="The slug of a product or the path of a category.", max_length=1000),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.category",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "old"), name="redirect_once")],
            },
        ),
        migrations.CreateModel(
            name="RelatedProduct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="related_rows", to="catalog.product"
                    ),
                ),
                (
                    "related",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("product", "related"), name="related_once"),
                    models.CheckConstraint(
                        condition=models.Q(("product", models.F("related")), _negated=True), name="related_not_itself"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("published", "Published"), ("rejected", "Rejected")],
                        default="pending",
                        max_length=9,
                    ),
                ),
                ("rating", models.PositiveSmallIntegerField()),
                ("title", models.CharField(blank=True, max_length=120)),
                ("text", models.TextField(blank=True, max_length=4000)),
                ("author", models.CharField(help_text="The name that shoppers see.", max_length=80)),
                ("is_verified", models.BooleanField(default=False, editable=False, verbose_name="bought here")),
                (
                    "purchase",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The order line that proves the purchase. Each line allows one review.",
                        max_length=64,
                    ),
                ),
                (
                    "reply",
                    models.TextField(
                        blank=True, help_text="The shop's reply, shown below the review.", max_length=2000
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reviews", to="catalog.product"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "indexes": [
                    models.Index(fields=["product", "status", "-created_at"], name="catalog_rev_product_b4df9f_idx")
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("rating__range", (1, 5))), name="review_one_to_five"),
                    models.UniqueConstraint(
                        condition=models.Q(("purchase", ""), _negated=True), fields=("purchase",), name="review_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunProgress",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="progress",
                        serialize=False,
                        to="catalog.run",
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name_plural": "run progress",
            },
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        help_text="What made the change: admin, import, bulk edit or undo.", max_length=40
                    ),
                ),
                ("differences", models.JSONField(help_text="Rows of [label, before, after].")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="catalog.product"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="catalog.run",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["product", "-id"], name="catalog_cha_product_ad5665_idx")],
            },
        ),
        migrations.CreateModel(
            name="SearchTerm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=60, unique=True)),
                (
                    "weight",
                    models.IntegerField(default=1, help_text="The number of products whose texts contain the word."),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["word"], name="search_term_trigrams", opclasses=["gin_trgm_ops"]
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Stocktake",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("posted", "Posted"), ("canceled", "Canceled")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                ("opened_at", models.DateTimeField(auto_now_add=True)),
                ("posted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.location"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Store",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(default="Mercer", max_length=100)),
                ("tagline", models.CharField(blank=True, max_length=160)),
                ("introduction", models.CharField(blank=True, max_length=300)),
                (
                    "announcement",
                    models.CharField(
                        blank=True,
                        help_text="One line above the header, hidden if this is empty. {{ return_days }} is replaced by the number below.",
                        max_length=90,
                    ),
                ),
                ("hero", models.FileField(blank=True, upload_to="store/")),
                ("hero_alt", models.CharField(blank=True, max_length=300)),
                ("seller_name", models.CharField(blank=True, max_length=200)),
                ("seller_address", models.TextField(blank=True)),
                ("contact_email", models.EmailField(blank=True, max_length=254)),
                (
                    "dispatch_days",
                    catalog.models.weekdays.WeekdaysField(
                        db_default=[0, 1, 2, 3, 4],
                        default=catalog.models.weekdays.monday_to_friday,
                        help_text="The weekdays on which parcels are sent. Enter days off under “Closing days”.",
                        size=None,
                    ),
                ),
                (
                    "return_days",
                    models.PositiveSmallIntegerField(
                        db_default=30,
                        default=30,
                        help_text="The number of days after delivery in which products can be returned, or 0 for no returns. Check what the law requires.",
                        verbose_name="days to return",
                    ),
                ),
                (
                    "gift_card",
                    models.ForeignKey(
                        blank=True,
                        help_text="The product that “Gift cards” in the menu and the footer links to. If this is empty, the link is hidden.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "store",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="store_single"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dispatch_days__contained_by", [0, 1, 2, 3, 4, 5, 6]), ("dispatch_days__len__gt", 0)
                        ),
                        name="store_dispatch_days",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StoreText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("market", models.CharField(max_length=16)),
                ("tagline", models.CharField(blank=True, max_length=160)),
                ("introduction", models.CharField(blank=True, max_length=300)),
                ("announcement", models.CharField(blank=True, max_length=90)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="texts", to="catalog.store"
                    ),
                ),
            ],
            options={
                "ordering": ["market"],
                "constraints": [models.UniqueConstraint(fields=("store", "market"), name="store_text_market")],
            },
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        help_text="Separate the words by commas, as in sofa, couch, settee.",
                        size=None,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("words__len__gte", 2)), name="synonym_two_words")
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "status",
                    models.CharField(
                        choices=[("sent", "On its way"), ("received", "Received")], default="sent", max_length=8
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=200)),
                (
                    "key",
                    models.UUIDField(
                        default=uuid.uuid4,
                        help_text="Identifies the submitted form, so that submitting it twice sends the units once.",
                        unique=True,
                    ),
                ),
                ("sent_at", models.DateTimeField(auto_now_add=True)),
                ("received_at", models.DateTimeField(blank=True, null=True)),
                (
                    "destination",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.location"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.location"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("source", models.F("destination")), _negated=True),
                        name="transfer_between_two_places",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Variant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=1)),
                ("option1", models.CharField(blank=True, max_length=255)),
                ("option2", models.CharField(blank=True, max_length=255)),
                ("option3", models.CharField(blank=True, max_length=255)),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Untick to stop selling this variant. Variants are never deleted, because orders refer to them.",
                        verbose_name="for sale",
                    ),
                ),
                ("sku", models.CharField(blank=True, db_index=True, max_length=255, verbose_name="SKU")),
                ("barcode", models.CharField(blank=True, db_index=True, max_length=64)),
                ("grams", models.PositiveIntegerField(default=0, verbose_name="weight (g)")),
                ("length_mm", models.PositiveIntegerField(blank=True, null=True, verbose_name="length (mm)")),
                ("width_mm", models.PositiveIntegerField(blank=True, null=True, verbose_name="width (mm)")),
                ("height_mm", models.PositiveIntegerField(blank=True, null=True, verbose_name="height (mm)")),
                (
                    "hs_code",
                    models.CharField(
                        blank=True, help_text="The customs tariff number.", max_length=12, verbose_name="HS code"
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        blank=True,
                        help_text="A country code of two letters, such as PT.",
                        max_length=2,
                        verbose_name="country of origin",
                    ),
                ),
                (
                    "content",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="The amount in one unit, such as 500 (ml).",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "content_unit",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("g", "g"),
                            ("kg", "kg"),
                            ("ml", "ml"),
                            ("l", "l"),
                            ("cm", "cm"),
                            ("m", "m"),
                            ("m2", "m²"),
                            ("pc", "pieces"),
                        ],
                        max_length=2,
                    ),
                ),
                (
                    "base",
                    models.DecimalField(
                        blank=True,
                        decimal_places=3,
                        help_text="The amount that the unit price refers to, such as 100 (g) or 1 (l).",
                        max_digits=12,
                        null=True,
                    ),
                ),
                (
                    "base_unit",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("g", "g"),
                            ("kg", "kg"),
                            ("ml", "ml"),
                            ("l", "l"),
                            ("cm", "cm"),
                            ("m", "m"),
                            ("m2", "m²"),
                            ("pc", "pieces"),
                        ],
                        max_length=2,
                    ),
                ),
                ("is_tracked", models.BooleanField(default=True, verbose_name="stock is counted")),
                (
                    "low_stock_at",
                    models.PositiveIntegerField(
                        default=5,
                        help_text="Staff get an e-mail when the stock is at or below this number.",
                        verbose_name="low stock at",
                    ),
                ),
                (
                    "most_per_order",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="If this is empty, only the shop's limit applies.",
                        null=True,
                        verbose_name="maximum per order",
                    ),
                ),
                ("is_taxable", models.BooleanField(default=True)),
                (
                    "tax_class",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("reduced", "Reduced"),
                            ("reduced2", "Second reduced"),
                            ("zero", "Zero"),
                        ],
                        default="standard",
                        max_length=12,
                    ),
                ),
                (
                    "is_gift_card",
                    models.BooleanField(
                        default=False,
                        help_text="Each unit sold becomes a gift card worth its price, whose code is sent by e-mail.",
                        verbose_name="is a gift card",
                    ),
                ),
                (
                    "needs_shipping",
                    models.BooleanField(
                        default=True,
                        help_text="Untick for goods that are not shipped, such as downloads.",
                        verbose_name="needs shipping",
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.productimage",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="variants", to="catalog.product"
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
                "indexes": [models.Index(django.db.models.functions.text.Upper("sku"), name="variant_sku_any_case")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("product", "option1", "option2", "option3"), name="variant_option_values"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("content", None), models.Q(("base__gt", 0), ("content__gt", 0)), _connector="OR"
                        ),
                        name="variant_content_with_base",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TransferLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveIntegerField()),
                ("received", models.PositiveIntegerField(default=0)),
                ("lost", models.PositiveIntegerField(default=0)),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="catalog.transfer"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("transfer", "variant"), name="transfer_variant_once"),
                    models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="transfer_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "received__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("quantity"), "-", models.F("lost")
                                ),
                            )
                        ),
                        name="transfer_not_more_than_sent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StocktakeLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("frozen", models.IntegerField(help_text="Units on hand when the stocktake was opened.")),
                (
                    "expected",
                    models.IntegerField(blank=True, help_text="Units on hand when the variant was counted.", null=True),
                ),
                ("counted", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "stocktake",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="catalog.stocktake"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("stocktake", "variant"), name="stocktake_variant_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("counted", None), ("expected", None)),
                            models.Q(("counted__isnull", False), ("expected__isnull", False)),
                            _connector="OR",
                        ),
                        name="stocktake_counted_with_expected",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StockMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("adjusted", "Adjusted"),
                            ("reserved", "Reserved"),
                            ("released", "Released"),
                            ("shipped", "Shipped"),
                            ("returned", "Returned"),
                            ("sent", "Sent to another location"),
                            ("arrived", "Arrived from another location"),
                        ],
                        max_length=10,
                    ),
                ),
                ("on_hand_change", models.IntegerField(default=0)),
                ("reserved_change", models.IntegerField(default=0)),
                ("reference", models.CharField(blank=True, db_index=True, max_length=64)),
                ("line", models.BigIntegerField(blank=True, db_index=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="catalog.location"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["variant", "location", "created_at"], name="catalog_sto_variant_a5a9a9_idx")
                ],
            },
        ),
        migrations.CreateModel(
            name="StockAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("variant", "email"), name="stock_alert_once")],
            },
        ),
        migrations.CreateModel(
            name="Stock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on_hand", models.IntegerField(default=0)),
                ("reserved", models.IntegerField(default=0)),
                ("backorder_limit", models.IntegerField(default=0)),
                (
                    "backorder_date",
                    models.DateField(
                        blank=True, help_text="The date from which backordered units can be sent.", null=True
                    ),
                ),
                ("shortfall", models.IntegerField(default=0)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stock", to="catalog.location"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="stock", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "stock",
                "permissions": [
                    ("change_on_hand_stock", "Can receive, correct, count and transfer stock"),
                    ("change_backorder_stock", "Can change backorder limits"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("variant", "location"), name="stock_variant_location"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("backorder_limit__gte", 0),
                            ("on_hand__gte", 0),
                            ("reserved__gte", 0),
                            ("shortfall__gte", 0),
                        ),
                        name="stock_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reserved__lte",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("on_hand"), "+", models.F("backorder_limit")
                                    ),
                                    "+",
                                    models.F("shortfall"),
                                ),
                            )
                        ),
                        name="stock_not_oversold",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(db_index=True, max_length=64)),
                ("line", models.BigIntegerField(db_index=True)),
                ("quantity", models.PositiveIntegerField()),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reservations", to="catalog.location"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reservations", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reference", "line", "variant", "location"), name="reservation_once"
                    ),
                    models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="reservation_positive"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("market", models.CharField(default="main", max_length=16)),
                ("currency", models.CharField(max_length=3)),
                (
                    "kind",
                    models.CharField(
                        choices=[("regular", "Regular"), ("sale", "Sale")], default="regular", max_length=8
                    ),
                ),
                ("amount_minor", models.BigIntegerField()),
                (
                    "valid",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(default=catalog.models.price.from_now_on),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prices", to="catalog.variant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_minor__gte", 0)), name="price_not_negative"),
                    models.CheckConstraint(condition=models.Q(("valid__isempty", False)), name="price_valid_not_empty"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("variant", "="), ("market", "="), ("kind", "="), ("valid", "&&")],
                        name="price_no_overlap",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LowStockNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "variant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.variant"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["position", "id"], name="product_position"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["status", "position", "id"], name="product_status"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"
                ),
                name="product_title_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("publish_at", None),
                    ("unpublish_at", None),
                    ("publish_at__lt", models.F("unpublish_at")),
                    _connector="OR",
                ),
                name="product_visible_span",
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("dispatch_days__contained_by", [0, 1, 2, 3, 4, 5, 6])), name="product_dispatch_days"
            ),
        ),
        migrations.RunSQL(APPEND_ONLY, DROP_APPEND_ONLY),
    ]
