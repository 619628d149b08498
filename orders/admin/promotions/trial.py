"""What a promotion does: the card beside its form, its answers while somebody types, and a page of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone

from catalog.admin.base import found_or_404, page, require_permission
from catalog.admin.pickers import VARIANTS, PickerField, use_pickers, wants_preview
from catalog.markets import all_markets, market_of
from catalog.models import Variant
from catalog.money import format_money
from orders.admin.fields import MomentField
from orders.admin.promotions.change_list import SEE_CODES
from orders.admin.promotions.drafts import Draft, stored_draft, typed_draft
from orders.admin.promotions.preview import EXAMPLE_CODE, Trial, try_draft
from orders.promotions.costs import LimitedCost, PastCost, limited_cost, past_cost
from orders.promotions.overlaps import Overlap, example_products, overlaps_of, warnings_of
from orders.rules import PromotionRule

EXAMPLE_SIZE = 2  # products of an example that nobody chose
PREFIX = "try"


class TrialForm(forms.Form):
    """The example cart on which a promotion is tried. Everything may be empty."""

    items = PickerField(
        VARIANTS, has_quantities=True, required=False, help_text="Choose nothing, and it is tried on what it is for."
    )
    country = forms.ChoiceField(label="Delivered to", required=False)
    at = MomentField(label="At", required=False, help_text="Empty: now, or when it begins.")
    with_code = forms.BooleanField(label="With a code", required=False, initial=True)
    is_member = forms.BooleanField(label="By a customer in its groups", required=False, initial=True)

    def __init__(self, market: str, url: str, *args: Any, user: Any, form_id: str = "", **kwargs: Any) -> None:
        super().__init__(*args, prefix=PREFIX, **kwargs)
        self.fields["items"].narrow(user)  # type: ignore[attr-defined]
        countries = {choice for one in all_markets().values() for choice in one.country_choices()}
        self.fields["country"].choices = sorted(countries, key=lambda choice: choice[1])
        self.fields["country"].initial = market_of(market).countries[0]
        use_pickers(self.fields.values(), url)
        for field in self.fields.values():
            if form_id:
                field.widget.attrs["form"] = form_id

    def quantities(self) -> dict[int, int]:
        """{variant id: quantity} of the chosen items."""
        chosen = self.fields["items"].widget.quantities  # type: ignore[attr-defined]
        return {variant.pk: chosen.get(variant.pk, 1) for variant in self.cleaned_data["items"]}


@dataclass(frozen=True)
class Line:
    """A line of the example cart, in words."""

    title: str
    quantity: int
    off: Sequence[tuple[str, str]]
    total: str


@dataclass(frozen=True)
class Preview:
    """What a promotion would do, as far as the form says."""

    draft: Draft
    warnings: Sequence[str] = ()
    overlaps: Sequence[Overlap] = ()
    trial: Trial | None = None
    lines: Sequence[Line] = ()
    why: str = ""
    limited: LimitedCost | None = None
    past: PastCost | None = None


def preview_of(draft: Draft, trial_form: TrialForm) -> Preview:
    """Try the draft on the example cart, and compare it with the other promotions."""
    if not draft.rule or not trial_form.is_valid():
        errors = [error for errors in trial_form.errors.values() for error in errors]
        return Preview(replace(draft, errors=[*draft.errors, *errors]))
    cleaned = trial_form.cleaned_data
    market = market_of(draft.rule.market)
    begins = draft.rule.rule.begins_at
    now = timezone.now()
    trial = try_draft(
        draft.rule,
        trial_form.quantities() or example(draft.rule),
        country=cleaned["country"] or market.countries[0],
        at=cleaned["at"] or max(now, begins or now),
        with_code=cleaned["with_code"],
        is_member=cleaned["is_member"],
    )
    limited = limited_cost(draft.rule, trial.saved_minor)
    return Preview(
        draft,
        warnings_of(draft.rule, now),
        overlaps_of(draft.rule),
        trial,
        [_line(line, trial) for line in trial.with_it.lines],
        _why(trial, draft.rule),
        limited,
        None if limited else past_cost(draft.rule, now, EXAMPLE_CODE if draft.rule.rule.needs_code else ""),
    )


def example(draft: PromotionRule) -> dict[int, int]:
    """{variant id: quantity} of a cart that the promotion is for: some of its products, as many as it asks for."""
    rule, market = draft.rule, market_of(draft.market)
    quantity = max(2, rule.buy_quantity + rule.get_quantity, rule.minimum_quantity)
    products = example_products(rule.scope, market, EXAMPLE_SIZE)
    if not rule.reward.is_everything:
        products += example_products(rule.reward, market, 1)
    variants = Variant.objects.filter(product__in=products, is_active=True).order_by("product_id", "pk")
    return dict.fromkeys(variants.distinct("product_id").values_list("pk", flat=True), quantity)


def _line(line: Any, trial: Trial) -> Line:
    return Line(
        trial.titles.get(line.key, line.key),
        line.quantity,
        [(discount.name, format_money(-discount.minor, trial.currency)) for discount in line.discounts],
        format_money(line.total_minor, trial.currency),
    )


def _why(trial: Trial, draft: PromotionRule) -> str:
    """Return why the promotion does not apply to the example cart; empty if it does."""
    return next((reason.why for reason in trial.with_it.reasons if reason.rule_id == draft.id), "")


def preview_page(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """What the promotion in the form would do, for the card beside it. Nothing is saved."""
    require_permission(request, "orders.try_promotion")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    of = request.GET.get("of", "")
    promotion = found_or_404(model_admin.get_queryset(request), of) if of else None
    may_save = model_admin.has_change_permission(request, promotion) if of else model_admin.has_add_permission(request)
    if not may_save:
        raise PermissionDenied
    draft = typed_draft(model_admin, request, promotion)
    market = draft.rule.market if draft.rule else ""
    preview = preview_of(draft, TrialForm(market, "", request.POST, user=request.user))
    return render(request, "admin/orders/promotion/preview.html", {"preview": preview})


def try_page(model_admin: admin.ModelAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the stored promotion does for an example cart, also to staff who may not change it."""
    require_permission(request, "orders.try_promotion")
    promotion = found_or_404(model_admin.get_queryset(request), str(pk))
    is_sent = request.method == "POST"
    url: str = model_admin.rows_url  # type: ignore[attr-defined]
    form = TrialForm(promotion.market, url, request.POST if is_sent else None, user=request.user)
    is_tried = is_sent and not wants_preview(request.POST)
    draft = stored_draft(promotion, sees_codes=request.user.has_perm(SEE_CODES))
    preview = preview_of(draft, form) if is_tried else None
    context = {"form": form, "promotion": promotion, "preview": preview, "title": f"Try {promotion}"}
    return page(model_admin, request, "admin/orders/promotion/try.html", context, 422 if form.errors else 200)
