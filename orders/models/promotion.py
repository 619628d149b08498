"""Promotions: their discounts, conditions, coupon codes and uses."""

from decimal import Decimal

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

MAX_UNMASKED = 4  # characters of a code


def promotion_kinds() -> list[tuple[str, str]]:
    """Return the kinds of promotions with their labels. Because this is a function, a new kind needs no migration."""
    return Promotion.Kind.choices


class Promotion(models.Model):
    """A discount or gift that shoppers get with or without a code. Amounts are minor units of the market's currency.

    `uses` is counted for promotions with a limit only, and written by orders/promotions/uses.py and orders/promotions/coupons.py.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", "Percent off"
        AMOUNT = "amount", "Amount off"
        FIXED_PRICE = "fixed_price", "Fixed price for each"
        BUY_GET = "buy_get", "Buy some, get some"
        MULTIBUY = "multibuy", "Several for one price"
        TIERED = "tiered", "The more, the cheaper"
        DELIVERY_PERCENT = "delivery_percent", "Percent off delivery (100 is free)"
        DELIVERY_AMOUNT = "delivery_amount", "Amount off delivery"
        DELIVERY_PRICE = "delivery_price", "Delivery for a fixed price"
        GIFT = "gift", "Gift with purchase"

    class Lane(models.TextChoices):
        """The steps in which promotions are applied, in this sort order; see decision 0014."""

        PRODUCT = "product", "Items: each is reduced by at most one promotion"
        ORDER = "order", "The whole order: one promotion applies"
        DELIVERY = "delivery", "Delivery: one promotion applies"
        GIFT = "gift", "Gifts: all that qualify"

    name = models.CharField(max_length=100, help_text="Shown to shoppers.")
    kind = models.CharField(max_length=16, choices=promotion_kinds)
    lane = models.CharField("applies to", max_length=8, choices=Lane.choices)
    is_active = models.BooleanField("on", default=False)
    is_exclusive = models.BooleanField(
        "exclusive",
        default=False,
        help_text="Cannot be combined. Applies only if it saves more than all other promotions together.",
    )
    position = models.IntegerField(
        default=0, help_text="If two promotions save the same amount, the one with the lower number applies."
    )
    market = models.CharField(max_length=16, default="main")
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    percent = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal(0))
    amount_minor = models.BigIntegerField("amount", default=0)
    buy_quantity = models.PositiveIntegerField("quantity to buy", default=0)
    get_quantity = models.PositiveIntegerField("quantity that is reduced", default=0)
    most_times = models.PositiveIntegerField("maximum times per order", null=True, blank=True)
    products = models.ManyToManyField("catalog.Product", blank=True, related_name="+")
    categories = models.ManyToManyField("catalog.Category", blank=True, related_name="+")
    collections = models.ManyToManyField("catalog.Collection", blank=True, related_name="+")
    reward_products = models.ManyToManyField(
        "catalog.Product",
        blank=True,
        related_name="+",
        help_text="The products that are reduced. Empty: the same products.",
    )
    gift_variant = models.ForeignKey(
        "catalog.Variant", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    excludes_sale = models.BooleanField("not for items on sale", default=False)
    minimum_minor = models.BigIntegerField("minimum value of the items", default=0)
    minimum_quantity = models.PositiveIntegerField("minimum quantity", default=0)
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True, help_text="Empty: everywhere.")
    methods = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, help_text="Codes of delivery methods. Empty: all."
    )
    groups = models.ManyToManyField(Group, blank=True, related_name="+", verbose_name="customer groups")
    is_first_order_only = models.BooleanField("first order only", default=False)
    needs_code = models.BooleanField(default=False)
    most_uses = models.PositiveIntegerField("maximum uses", null=True, blank=True)
    most_uses_each = models.PositiveIntegerField("maximum uses per customer", null=True, blank=True)
    uses = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["position", "id"]
        permissions = [("try_promotion", "Can try promotions on an example cart")]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_uses=None) | Q(uses__lte=F("most_uses")), name="promotion_not_overused"
            ),
            models.CheckConstraint(
                condition=Q(percent__range=(0, 100), amount_minor__gte=0, minimum_minor__gte=0),
                name="promotion_amounts",
            ),
            models.CheckConstraint(
                condition=Q(begins_at=None) | Q(ends_at=None) | Q(begins_at__lt=F("ends_at")), name="promotion_span"
            ),
        ]

    def __str__(self) -> str:
        return self.name


# Kind → the lanes in which it can be used. What a kind takes off is in orders/pricing/effects.py.
KIND_LANES = {
    "percent": ("product", "order"),
    "amount": ("product", "order"),
    "fixed_price": ("product",),
    "buy_get": ("product",),
    "multibuy": ("product",),
    "tiered": ("product", "order"),
    "delivery_percent": ("delivery",),
    "delivery_amount": ("delivery",),
    "delivery_price": ("delivery",),
    "gift": ("gift",),
}
# Kind → its required fields, with the error message for each.
REQUIRED = {
    "percent": {"percent": "Enter the percentage."},
    "amount": {"amount_minor": "Enter the amount."},
    "fixed_price": {"amount_minor": "Enter the price."},
    "buy_get": {
        "buy_quantity": "Enter how many must be bought.",
        "get_quantity": "Enter how many are reduced.",
        "percent": "Enter the percentage: 100 is free.",
    },
    "multibuy": {
        "buy_quantity": "Enter how many are sold together.",
        "amount_minor": "Enter the price for all of them.",
    },
    "delivery_percent": {"percent": "Enter the percentage: 100 is free delivery."},
    "delivery_amount": {"amount_minor": "Enter the amount."},
    "gift": {"gift_variant": "Choose the gift."},
}


class PromotionTier(models.Model):
    """A step of a tiered promotion: from a quantity or an amount on, a percentage or an amount off."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="tiers")
    from_quantity = models.PositiveIntegerField(default=0)
    from_minor = models.BigIntegerField("from an amount", default=0)
    percent = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal(0))
    amount_minor = models.BigIntegerField("amount off", default=0)

    class Meta:
        ordering = ["from_quantity", "from_minor"]
        constraints = [
            models.UniqueConstraint(fields=["promotion", "from_quantity", "from_minor"], name="tier_once"),
            models.CheckConstraint(
                condition=Q(percent__range=(0, 100), amount_minor=0) | Q(percent=0, amount_minor__gt=0),
                name="tier_percent_or_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"from {self.from_quantity} pieces" if self.from_quantity else "from an amount"


def masked_code(code: str) -> str:
    """The end of a coupon code, which tells it from others but cannot be used: `…7KQF`, or `…ME` of a short one."""
    return f"…{code[-min(MAX_UNMASKED, len(code) // 3) :]}"


class Coupon(models.Model):
    """A code that gives access to a promotion, stored in capitals without spaces and dashes.

    A code is worth money, so it is masked wherever its text was not asked for, such as in the history.
    """

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="coupons")
    code = models.CharField(max_length=40, unique=True)
    batch = models.CharField(max_length=60, blank=True, db_index=True)
    most_uses = models.PositiveIntegerField(
        "maximum uses", null=True, blank=True, help_text="Empty: as often as the promotion allows."
    )
    uses = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        permissions = [("see_code_coupon", "Can read and download coupon codes")]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_uses=None) | Q(uses__lte=F("most_uses")), name="coupon_not_overused"
            ),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9A-Z]+$"), name="coupon_code_plain"),
        ]

    def __str__(self) -> str:
        return masked_code(self.code)

    @property
    def masked(self) -> str:
        """The code for staff who may not read codes."""
        return masked_code(self.code)


class PromotionUse(models.Model):
    """A use of a promotion by an order. It is given back when the order is canceled."""

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="promotion_uses")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="order_uses")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, null=True, blank=True, related_name="order_uses")
    customer = models.CharField(max_length=64, help_text="A digest of the customer's e-mail address.")
    saved_minor = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    given_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "promotion"], name="promotion_use_once")]
        indexes = [
            models.Index(fields=["promotion", "customer"], name="promotion_use_customer"),
            # What the list of promotions shows is counted and summed from this index alone.
            models.Index(
                fields=["promotion"],
                include=["saved_minor"],
                condition=Q(given_back_at=None),
                name="promotion_use_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id} for order {self.order_id}"


class PromotionCustomer(models.Model):
    """How often one customer has used a promotion that has a limit per customer."""

    promotion = models.ForeignKey(Promotion, on_delete=models.CASCADE, related_name="+")
    customer = models.CharField(max_length=64)
    uses = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promotion", "customer"], name="promotion_customer_once")]

    def __str__(self) -> str:
        return f"{self.uses} uses of {self.promotion_id}"
