"""A promotion as its form has it: the rule that it would be, and what it would do, before anything is saved."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin
from django.forms import BaseForm, BaseFormSet
from django.http import HttpRequest, QueryDict

from catalog.admin.pickers import FIND
from orders.admin.promotions.change_list import SEE_CODES
from orders.admin.promotions.form import SWITCH_OFF, SWITCH_ON, TRY
from orders.models import Promotion
from orders.pricing import Tier
from orders.promotions.wording import MAX_NAMES, Names, names_of, sentence, with_names
from orders.rules import SCOPES, PromotionRule, promotion_rule, promotion_rules

NEW_ID = -1  # of a promotion that is not stored
NO_NAME = "This promotion"


@dataclass(frozen=True)
class Draft:
    """A promotion that may be changed but not saved, and what it does in a sentence. Without a rule, `errors` say why."""

    rule: PromotionRule | None
    sentence: str = ""
    errors: Sequence[str] = ()


def stored_draft(promotion: Promotion, *, sees_codes: bool) -> Draft:
    """The promotion as it is stored, with its codes masked for readers who may not see them."""
    (rule,) = promotion_rules(Promotion.objects.filter(pk=promotion.pk))
    named = with_names(Promotion.objects.filter(pk=promotion.pk)).get()
    return Draft(rule, sentence(named, names_of(named, sees_codes=sees_codes)))


def typed_draft(model_admin: admin.ModelAdmin, request: HttpRequest, promotion: Promotion | None) -> Draft:
    """The promotion as the form in the request has it. A name is not needed yet."""
    data = _without_buttons(request.POST)
    form_class = model_admin.get_form(request, promotion, change=promotion is not None)
    form = form_class(data, instance=promotion)
    formsets = _formsets(model_admin, request, form.instance, data)
    if not (form.is_valid() and all(formset.is_valid() for formset in formsets)):
        return Draft(None, errors=list(_errors(form, formsets)))
    tiers = [tier for formset in formsets for tier in _tiers(formset)]
    return _draft(form, tiers, sees_codes=request.user.has_perm(SEE_CODES))


def _without_buttons(data: QueryDict) -> QueryDict:
    data = data.copy()
    for button in (FIND, TRY, SWITCH_ON, SWITCH_OFF):
        data.pop(button, None)
    if not data.get("name", "").strip():
        data["name"] = NO_NAME
    return data


def _formsets(
    model_admin: admin.ModelAdmin, request: HttpRequest, promotion: Promotion, data: QueryDict
) -> list[BaseFormSet]:
    obj = promotion if promotion.pk else None
    return [
        formset(data, instance=promotion, prefix=formset.get_default_prefix(), queryset=inline.get_queryset(request))
        for formset, inline in model_admin.get_formsets_with_inlines(request, obj)
    ]


def _errors(form: BaseForm, formsets: Iterable[BaseFormSet]) -> Iterable[str]:
    for name, errors in form.errors.items():
        label = form.fields[name].label or name.replace("_", " ").capitalize() if name in form.fields else ""
        yield from (f"{label}: {error}" if label else str(error) for error in errors)
    for formset in formsets:
        yield from map(str, formset.non_form_errors())
        yield from (str(error) for row in formset.forms for errors in row.errors.values() for error in errors)


def _tiers(formset: BaseFormSet) -> Iterable[Tier]:
    for row in formset.forms:
        if row in formset.deleted_forms or not (row.has_changed() or row.instance.pk):
            continue
        cleaned = row.cleaned_data
        yield Tier(cleaned["percent"], cleaned["amount_minor"], cleaned["from_quantity"], cleaned["from_minor"])


def _draft(form: Any, tiers: Sequence[Tier], *, sees_codes: bool) -> Draft:
    promotion, cleaned = form.instance, form.cleaned_data
    chosen = {name: list(cleaned.get(name) or []) for name in SCOPES}
    scopes = {name: tuple(sorted(row.pk for row in rows)) for name, rows in chosen.items()}
    rule = promotion_rule(promotion, scopes, {promotion.pk: tuple(tiers)})
    code = cleaned.get("code") or ""
    rule = replace(rule, rule=replace(rule.rule, id=promotion.pk or NEW_ID, code=code))
    names = Names(
        products=_names(chosen["products"]),
        categories=_names(chosen["categories"], "name"),
        collections=_names(chosen["collections"]),
        rewards=_names(chosen["reward_products"]),
        groups=_names(chosen["groups"]),
        codes=[code] if code else _stored_codes(promotion, sees_codes=sees_codes),
        tiers=tiers,
        gift=str(cleaned.get("gift_variant") or ""),
    )
    return Draft(rule, sentence(promotion, names))


def _names(rows: Iterable[Any], field: str = "") -> list[str]:
    return [str(getattr(row, field) if field else row) for row in rows][: MAX_NAMES + 1]


def _stored_codes(promotion: Promotion, *, sees_codes: bool) -> list[str]:
    if not promotion.pk:
        return []
    coupons = promotion.coupons.filter(batch="").order_by("pk")[: MAX_NAMES + 1]
    return [coupon.code if sees_codes else coupon.masked for coupon in coupons]
