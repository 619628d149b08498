"""Attributes of products, product types, and the vocabulary of the search."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

COLOUR = RegexValidator(r"^#[0-9a-f]{6}$", "Enter a colour like #aabbcc.")


class Attribute(models.Model):
    """A property that products can have: Material, Width, Dishwasher safe. Shoppers can filter by facets."""

    class Kind(models.TextChoices):
        TEXT = "text"
        NUMBER = "number"
        BOOLEAN = "boolean", "Yes or no"
        CHOICE = "choice"
        COLOUR = "colour"

    code = models.SlugField(max_length=60, unique=True, help_text="Its name in URLs, as in ?material=oak.")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CHOICE)
    unit = models.CharField(max_length=20, blank=True, help_text="The unit shown after numbers, such as cm.")
    is_required = models.BooleanField(
        "required", default=False, db_default=False, help_text="Products whose type has it are incomplete without it."
    )
    is_facet = models.BooleanField("filter", default=True, help_text="Shoppers can filter by it.")
    option_names = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        help_text="Options with these names also set this attribute, such as Glaze and Colour.",
    )
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class AttributeValue(models.Model):
    """One value of an attribute, shared by every product that has it. Numbers and yes/no are rows, too."""

    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="values")
    slug = models.SlugField(max_length=120, allow_unicode=True)
    label = models.CharField(max_length=255)
    number = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    colour = models.CharField(max_length=7, blank=True, validators=[COLOUR])
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "number", "label"]
        constraints = [models.UniqueConstraint(fields=["attribute", "slug"], name="attribute_value_once")]

    def __str__(self) -> str:
        return f"{self.label} {self.attribute.unit}".strip()


class ProductType(models.Model):
    """A kind of product and the attributes that its products have."""

    name = models.CharField(max_length=100, unique=True)
    attributes = models.ManyToManyField(Attribute, blank=True, related_name="product_types")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Synonym(models.Model):
    """Words that the search treats as equal."""

    words = ArrayField(
        models.CharField(max_length=60), help_text="Separate the words by commas, as in sofa, couch, settee."
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(words__len__gte=2), name="synonym_two_words")]

    def __str__(self) -> str:
        return " = ".join(self.words)


class SearchTerm(models.Model):
    """A word that occurs in listings, used to complete and to correct the words of a search."""

    word = models.CharField(max_length=60, unique=True)
    weight = models.IntegerField(default=1, help_text="The number of products whose texts contain the word.")

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_term_trigrams")]

    def __str__(self) -> str:
        return self.word
