"""The form of a promotion: the fields of what it does, in sections, with their checks."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet

from accounts.roles import ROLES
from catalog.admin.pickers import (
    CATEGORIES,
    COLLECTIONS,
    PRODUCTS,
    VARIANTS,
    PickerField,
    PickerSource,
    SinglePickerField,
    wants_preview,
)
from catalog.inputs import PercentField
from catalog.markets import all_markets, market_of
from orders.admin.amounts import AmountForm, AmountFormSet
from orders.admin.fields import MomentField
from orders.admin.promotions.checkboxes import GroupedCodesField, country_groups, method_groups
from orders.admin.promotions.choices import KIND_FIELDS, PromotionChoice, choice_of
from orders.models import Coupon, Promotion, PromotionTier, PromotionUse
from orders.models.promotion import REQUIRED
from orders.promotions import plain_code
from orders.promotions.coupons import MIN_CODE_LENGTH, usable_codes

# The names of the buttons that save and switch on or off.
SWITCH_ON, SWITCH_OFF = "_switch_on", "_switch_off"
TRY = "_try"  # the button that tries the promotion without saving it
# Fields that may be left empty, although their columns may not.
EMPTY_IS_ZERO = ("minimum_quantity", "position")


def customer_groups() -> QuerySet[Group]:
    """Groups of customers: staff roles are groups too."""
    return Group.objects.exclude(name__in=ROLES).order_by("name")


GROUPS = PickerSource(
    "groups",
    "customer groups",
    customer_groups,
    lambda rows, text: rows.filter(name__icontains=text),
)
SOURCES = {source.code: source for source in (PRODUCTS, VARIANTS, CATEGORIES, COLLECTIONS, GROUPS)}


def sections(choice: PromotionChoice, *, has_code: bool) -> list[tuple[str | None, dict[str, Any]]]:
    """The sections of the form, as Django's fieldsets."""
    has_markets = len(all_markets()) > 1
    rewards = ("reward_products",) if choice.kind == Promotion.Kind.BUY_GET else ()
    return [
        (choice.title, {"fields": ("name", *choice.fields, *(("market",) if has_markets else ()))}),
        (
            "Which products",
            {
                "fields": (
                    *("products", "categories", "collections", *rewards),
                    *("excludes_sale", ("minimum_minor", "minimum_quantity")),
                ),
                "description": "Choose nothing, and it applies to everything but gift cards.",
            },
        ),
        (
            "Who and when",
            {"fields": (("begins_at", "ends_at"), "is_first_order_only", "groups", "countries", "methods")},
        ),
        (
            "Limits and codes",
            {"fields": ("needs_code", *(("code",) if has_code else ()), ("most_uses", "most_uses_each"))},
        ),
        ("Together with other promotions", {"fields": ("is_exclusive", "position"), "classes": ("collapse",)}),
    ]


def is_shown_again(data: Any) -> bool:
    """Whether the form was sent by a button that saves nothing."""
    return TRY in data or wants_preview(data)


class PromotionForm(AmountForm):
    """The fields of one choice. Its class gets the `choice` from the model admin."""

    choice: PromotionChoice
    amounts = ("amount_minor", "minimum_minor")
    begins_at = MomentField(label="From", required=False, help_text="Empty: at once.")
    ends_at = MomentField(label="Until", required=False, help_text="Empty: without an end.")
    percent = PercentField()
    needs_code = forms.BooleanField(label="Only with a code", required=False)
    products = PickerField(PRODUCTS, required=False)
    categories = PickerField(CATEGORIES, required=False, help_text="With everything below them.")
    collections = PickerField(COLLECTIONS, required=False)
    reward_products = PickerField(
        PRODUCTS, label="Products they get", required=False, help_text="Choose nothing, and it is the same products."
    )
    gift_variant = SinglePickerField(VARIANTS, label="Gift")
    groups = PickerField(
        GROUPS, label="Only for customers in these groups", required=False, help_text="Choose nothing: everybody."
    )
    countries = GroupedCodesField("Everywhere", label="Only delivered to", required=False)
    methods = GroupedCodesField("Every delivery method", label="Only with these delivery methods", required=False)
    code = forms.CharField(
        label="New code",
        max_length=60,
        required=False,
        help_text="Like WELCOME10. Capital and small letters, spaces and dashes make no difference.",
    )

    class Meta:
        model = Promotion
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not hasattr(self, "choice"):
            self.choice = choice_of(self.instance)
        if self._meta.fields is not None:  # fields that a class declares are in every form
            for name in set(self.fields) - set(self._meta.fields):
                del self.fields[name]
        self._name_fields()
        self._offer_codes()

    def _name_fields(self) -> None:
        """Use the labels of the choice, and ask for what it requires."""
        currency = market_of(self.market_code()).currency
        for name, label in self.choice.labels.items():
            if name in self.fields:
                self.fields[name].label = f"{label} ({currency})" if name in self.amounts else label
        for name, message in REQUIRED.get(self.choice.kind, {}).items():
            if name in self.fields:
                self.fields[name].error_messages["required"] = message
        for name in EMPTY_IS_ZERO:
            if name in self.fields:
                self.fields[name].required = False

    def _offer_codes(self) -> None:
        for name, groups in (("countries", country_groups), ("methods", method_groups)):
            if isinstance(offered := self.fields.get(name), GroupedCodesField):
                offered.offer(groups(), getattr(self.instance, name) or [])

    @property
    def is_switched_on(self) -> bool:
        """Whether the promotion will be on when it is saved."""
        return SWITCH_ON in self.data or (bool(self.instance.is_active) and SWITCH_OFF not in self.data)

    def full_clean(self) -> None:
        if self.is_bound and is_shown_again(self.data):
            self._errors = forms.utils.ErrorDict()
            self.cleaned_data: dict[str, Any] = {}
            return
        super().full_clean()

    def is_valid(self) -> bool:
        return super().is_valid() and not is_shown_again(self.data)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in EMPTY_IS_ZERO:
            if name in cleaned and cleaned[name] is None:
                cleaned[name] = 0
        for name, message in REQUIRED.get(self.choice.kind, {}).items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, message)
        self._check_limits(cleaned)
        self._check_codes(cleaned)
        return cleaned

    def _check_codes(self, cleaned: dict[str, Any]) -> None:
        """Check the new code, and refuse to switch on a promotion that needs a code but has no usable one."""
        if code := plain_code(cleaned.get("code") or ""):
            cleaned["needs_code"] = True
            if len(code) < MIN_CODE_LENGTH:
                self.add_error("code", f"A code must have at least {MIN_CODE_LENGTH} letters and digits.")
            elif Coupon.objects.filter(code=code).exists():
                self.add_error("code", f"The code {code} already exists.")
            return
        needs_code = cleaned.get("needs_code")
        if self.is_switched_on and needs_code and not (self.instance.pk and usable_codes(self.instance).exists()):
            self.add_error(
                "needs_code",
                "This promotion needs a code, but has none that can still be used. Enter a new code, or untick this.",
            )

    def _check_limits(self, cleaned: dict[str, Any]) -> None:
        most = cleaned.get("most_uses")
        if most is not None and self.instance.pk:
            held = PromotionUse.objects.filter(promotion=self.instance.pk, given_back_at=None)
            used = held[: most + 1].count()
            if most < used:
                self.add_error("most_uses", f"The promotion has already been used {held.count():,} times.")
        begins, ends = cleaned.get("begins_at"), cleaned.get("ends_at")
        if begins and ends and ends <= begins:
            self.add_error("ends_at", "The end must be after the start.")

    def _post_clean(self) -> None:
        """Make the promotion what was chosen: other kinds' fields get their defaults."""
        self.instance.is_active = self.is_switched_on
        self.instance.kind, self.instance.lane = self.choice.kind, self.choice.lane
        for name in KIND_FIELDS - self.choice.field_names:
            setattr(self.instance, name, Promotion._meta.get_field(name).get_default())
        super()._post_clean()


class TierForm(AmountForm):
    amounts = ("from_minor", "amount_minor")
    percent = PercentField(required=False)

    class Meta:
        model = PromotionTier
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from_quantity"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("from_quantity") is None:
            cleaned["from_quantity"] = 0
        if cleaned.get("percent") is None:
            cleaned["percent"] = Decimal(0)
        if bool(cleaned.get("percent")) == bool(cleaned.get("amount_minor")) and not self.errors:
            self.add_error("percent", "Enter either a percentage or an amount.")
        return cleaned


class TierFormSet(AmountFormSet):
    def clean(self) -> None:
        super().clean()
        if is_shown_again(self.data):
            return
        if not any(form.has_changed() or form.instance.pk for form in self.forms if form not in self.deleted_forms):
            raise forms.ValidationError("“The more, the cheaper” needs at least one step.")


class TierInline(admin.TabularInline):
    model = PromotionTier
    form = TierForm
    formset = TierFormSet
    extra = 3
    verbose_name = "step"
    verbose_name_plural = "steps"

    def get_extra(self, request: Any, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj and obj.pk else self.extra
