import catalog.models.weekdays
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_fuzzystrmatch"),
    ]

    operations = [
        migrations.AlterField(
            model_name="attribute",
            name="code",
            field=models.SlugField(help_text="Its name in URLs, as in ?material=oak.", max_length=60, unique=True),
        ),
        migrations.AlterField(
            model_name="attribute",
            name="option_names",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                blank=True,
                default=list,
                help_text="Options with these names also set this attribute, such as Glaze and Colour.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="attribute",
            name="unit",
            field=models.CharField(blank=True, help_text="The unit shown after numbers, such as cm.", max_length=20),
        ),
        migrations.AlterField(
            model_name="attributevalue",
            name="colour",
            field=models.CharField(
                blank=True,
                max_length=7,
                validators=[django.core.validators.RegexValidator("^#[0-9a-f]{6}$", "Enter a colour like #aabbcc.")],
            ),
        ),
        migrations.AlterField(
            model_name="change",
            name="differences",
            field=models.JSONField(help_text="Rows of [label, before, after]."),
        ),
        migrations.AlterField(
            model_name="change",
            name="source",
            field=models.CharField(help_text="What made the change: admin, import, bulk edit or undo.", max_length=40),
        ),
        migrations.AlterField(
            model_name="collection",
            name="rule_below_minor",
            field=models.BigIntegerField(
                blank=True, help_text="In minor units: 2500 is 25.00.", null=True, verbose_name="price below"
            ),
        ),
        migrations.AlterField(
            model_name="collection",
            name="rule_min_minor",
            field=models.BigIntegerField(
                blank=True, help_text="In minor units: 2500 is 25.00.", null=True, verbose_name="price from"
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="dispatch_days",
            field=catalog.models.weekdays.WeekdaysField(
                blank=True,
                db_default=[],
                default=list,
                help_text="The weekdays on which this product is dispatched. If none is ticked, the shop's weekdays apply.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="handle",
            field=models.CharField(
                help_text="Identifies the product in files that are imported or exported.", max_length=255, unique=True
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="position",
            field=models.IntegerField(default=0, help_text="Products with small numbers come first."),
        ),
        migrations.AlterField(
            model_name="product",
            name="rating",
            field=models.PositiveSmallIntegerField(
                default=0, editable=False, help_text="The average rating in hundredths of a star."
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="return_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="If this is empty, the shop's number of days applies.",
                null=True,
                verbose_name="days to return",
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="safety_text",
            field=models.TextField(
                blank=True,
                help_text="Warnings that shoppers must see before they buy.",
                verbose_name="safety information",
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="slug",
            field=models.SlugField(help_text="The last part of its URL, /p/…/.", max_length=255, unique=True),
        ),
        migrations.AlterField(
            model_name="productimage",
            name="is_broken",
            field=models.BooleanField(
                default=False, editable=False, help_text="The file cannot be read, so it has no renditions."
            ),
        ),
        migrations.AlterField(
            model_name="productimage",
            name="source",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="The URL or path of the picture in the import file.",
                max_length=2000,
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="purchase",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="The order line that proves the purchase. Each line allows one review.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="counts",
            field=models.JSONField(
                default=dict, help_text="The numbers of new, changed, unchanged and refused products."
            ),
        ),
        migrations.AlterField(
            model_name="run",
            name="name",
            field=models.CharField(help_text="The name of the file, or a summary of the edit.", max_length=255),
        ),
        migrations.AlterField(
            model_name="run",
            name="source",
            field=models.BinaryField(
                default=bytes, help_text="The file or form that it was planned from. Removed when it is applied."
            ),
        ),
        migrations.AlterField(
            model_name="searchterm",
            name="weight",
            field=models.IntegerField(default=1, help_text="The number of products whose texts contain the word."),
        ),
        migrations.AlterField(
            model_name="stocktakeline",
            name="expected",
            field=models.IntegerField(blank=True, help_text="Units on hand when the variant was counted.", null=True),
        ),
        migrations.AlterField(
            model_name="stocktakeline",
            name="frozen",
            field=models.IntegerField(help_text="Units on hand when the stocktake was opened."),
        ),
        migrations.AlterField(
            model_name="store",
            name="announcement",
            field=models.CharField(
                blank=True,
                help_text="One line above the header, hidden if this is empty. {{ return_days }} is replaced by the number below.",
                max_length=90,
            ),
        ),
        migrations.AlterField(
            model_name="store",
            name="gift_card",
            field=models.ForeignKey(
                blank=True,
                help_text="The product that “Gift cards” in the menu and the footer links to. If this is empty, the link is hidden.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="catalog.product",
            ),
        ),
        migrations.AlterField(
            model_name="store",
            name="return_days",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="The number of days after delivery in which products can be returned, or 0 for no returns. Check what the law requires.",
                verbose_name="days to return",
            ),
        ),
        migrations.AlterField(
            model_name="swatch",
            name="colour",
            field=models.CharField(
                max_length=7,
                validators=[django.core.validators.RegexValidator("^#[0-9a-f]{6}$", "Enter a colour like #aabbcc.")],
            ),
        ),
        migrations.AlterField(
            model_name="synonym",
            name="words",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=60),
                help_text="Separate the words by commas, as in sofa, couch, settee.",
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="key",
            field=models.UUIDField(
                default=uuid.uuid4,
                help_text="Identifies the submitted form, so that submitting it twice sends the units once.",
                unique=True,
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="base",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                help_text="The amount that the unit price refers to, such as 100 (g) or 1 (l).",
                max_digits=12,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="content",
            field=models.DecimalField(
                blank=True,
                decimal_places=3,
                help_text="The amount in one unit, such as 500 (ml).",
                max_digits=12,
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="is_active",
            field=models.BooleanField(
                default=True,
                help_text="Untick to stop selling this variant. Variants are never deleted, because orders refer to them.",
                verbose_name="for sale",
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="is_gift_card",
            field=models.BooleanField(
                default=False,
                help_text="Each unit sold becomes a gift card worth its price, whose code is sent by e-mail.",
                verbose_name="is a gift card",
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="most_per_order",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="If this is empty, only the shop's limit applies.",
                null=True,
                verbose_name="maximum per order",
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="needs_shipping",
            field=models.BooleanField(
                default=True,
                help_text="Untick for goods that are not shipped, such as downloads.",
                verbose_name="needs shipping",
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="origin",
            field=models.CharField(
                blank=True,
                help_text="A country code of two letters, such as PT.",
                max_length=2,
                verbose_name="country of origin",
            ),
        ),
    ]
