"""The settings and texts of the shop, and the colours of swatches."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from catalog.markets import market_of
from catalog.models.weekdays import WeekdaysField, monday_to_friday

COLOUR = RegexValidator(r"^#[0-9a-f]{6}$", "Enter a colour like #aabbcc.")


class Capture(models.TextChoices):
    """When the card of a shopper is charged."""

    AT_ONCE = "at_once", "When the order is placed"
    ON_SHIPPING = "shipping", "When the order ships"


class Store(models.Model):
    """The settings of the shop. There is exactly one row."""

    class Expiring(models.TextChoices):
        """What happens to an authorized payment shortly before it expires."""

        CAPTURE = "capture", "Charge it"
        RELEASE = "release", "Release it"

    name = models.CharField(max_length=100, default="Mercer")
    tagline = models.CharField(max_length=160, blank=True)
    introduction = models.CharField(max_length=300, blank=True)
    announcement = models.CharField(
        max_length=90,
        blank=True,
        help_text="One line above the header, hidden if this is empty. {{ return_days }} is replaced by the number below.",
    )
    announcement_from = models.DateTimeField(null=True, blank=True)
    announcement_until = models.DateTimeField(null=True, blank=True)
    logo = models.FileField(upload_to="store/", blank=True)
    logo_alt = models.CharField(max_length=160, blank=True)
    logo_width = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    icon = models.FileField(upload_to="store/", blank=True)
    accent_light = models.CharField(max_length=7, blank=True, default="", db_default="", validators=[COLOUR])
    accent_dark = models.CharField(max_length=7, blank=True, default="", db_default="", validators=[COLOUR])
    button_light = models.CharField(max_length=7, blank=True, default="", db_default="", validators=[COLOUR])
    button_dark = models.CharField(max_length=7, blank=True, default="", db_default="", validators=[COLOUR])
    hero = models.FileField(upload_to="store/", blank=True)
    hero_alt = models.CharField(max_length=300, blank=True)
    seller_name = models.CharField(max_length=200, blank=True)
    seller_address = models.TextField(blank=True)
    contact_email = models.EmailField(blank=True)
    dispatch_days = WeekdaysField(
        default=monday_to_friday,
        db_default=monday_to_friday(),
        help_text="The weekdays on which parcels are sent. Enter days off under “Closing days”.",
    )
    return_days = models.PositiveSmallIntegerField(
        "days to return",
        default=30,
        db_default=30,
        help_text="The number of days after delivery in which products can be returned, or 0 for no returns. "
        "Check what the law requires.",
    )
    capture = models.CharField(
        "charge cards",
        max_length=8,
        choices=Capture.choices,
        default=Capture.AT_ONCE,
        db_default=Capture.AT_ONCE,
        help_text="“When the order ships” only holds the amount on the card until then. Orders with gift cards or "
        "downloads are charged when they are placed. Applies to new orders.",
    )
    expiring = models.CharField(
        "held amounts about to expire",
        max_length=7,
        choices=Expiring.choices,
        default=Expiring.CAPTURE,
        db_default=Expiring.CAPTURE,
        help_text="A bank holds an amount for about a week. This is what happens 12 hours before the hold ends if the "
        "order has not shipped. If the amount is released, staff decide about the order.",
    )

    class PaymentPage(models.TextChoices):
        HOSTED = "hosted", "On the page of the payment provider"
        IN_PAGE = "in_page", "In a page of this shop"

    payment_page = models.CharField(
        max_length=7,
        choices=PaymentPage.choices,
        default=PaymentPage.HOSTED,
        db_default=PaymentPage.HOSTED,
        help_text="Where shoppers pay online. In both cases the payment provider takes the card details, not the shop.",
    )
    holds_highest_risk = models.BooleanField(
        "hold orders of the highest risk",
        default=False,
        db_default=False,
        help_text="An order cannot ship while Stripe rates its payment as highest risk, until staff accept the risk.",
    )
    gift_card = models.ForeignKey(
        "catalog.Product",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The product that “Gift cards” in the menu and the footer links to. If this is empty, the link is hidden.",
    )

    class Meta:
        verbose_name_plural = "store"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="store_single"),
            models.CheckConstraint(
                condition=Q(dispatch_days__len__gt=0, dispatch_days__contained_by=[0, 1, 2, 3, 4, 5, 6]),
                name="store_dispatch_days",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def logo_text(self) -> str:
        """What the logo says, for those who do not see it."""
        return self.logo_alt or self.name


class StoreText(models.Model):
    """The shop's texts in one market. An empty text falls back to the text of the store."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="texts")
    market = models.CharField(max_length=16)
    tagline = models.CharField(max_length=160, blank=True)
    introduction = models.CharField(max_length=300, blank=True)
    announcement = models.CharField(max_length=90, blank=True)
    announcement_from = models.DateTimeField(null=True, blank=True)
    announcement_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["market"]
        constraints = [models.UniqueConstraint(fields=["store", "market"], name="store_text_market")]

    def __str__(self) -> str:
        return market_of(self.market).name


class Swatch(models.Model):
    """The colour that an option value stands for, shown as a dot beside its name."""

    name = models.CharField(max_length=100, unique=True)
    colour = models.CharField(max_length=7, validators=[COLOUR])

    class Meta:
        verbose_name_plural = "swatches"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
