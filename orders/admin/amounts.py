"""Admin forms whose amounts staff enter as 12.50 and the database stores in minor units."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from catalog.inputs import AmountField
from catalog.markets import all_markets, market_of


def has_several_currencies() -> bool:
    """Return whether the currency of an amount depends on the market."""
    return len({market.currency for market in all_markets().values()}) > 1


class AmountForm(forms.ModelForm):
    """A model form whose fields in `amounts` are amounts in the market's currency. An empty amount is the model's default.

    Inline forms get their parent's market as an argument.
    """

    amounts: tuple[str, ...] = ()

    def __init__(self, *args: Any, market: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._market = market
        currency = market_of(self.market_code()).currency
        is_known = self.is_bound or market or self.initial.get("market") or not self.instance._state.adding
        shown_currency = currency if is_known or not has_several_currencies() else "in the market’s currency"
        for name in self.amounts:
            model_field = self._meta.model._meta.get_field(name)
            label = f"{capfirst(model_field.verbose_name)} ({shown_currency})"
            is_required = not (model_field.null or model_field.has_default())
            self.fields[name] = AmountField(
                currency=currency, label=label, required=is_required, help_text=model_field.help_text
            )
        if "market" in self.fields:
            choices = [(market.code, market.name) for market in all_markets().values()]
            self.fields["market"] = forms.ChoiceField(choices=choices)

    def market_code(self) -> str:
        typed = self._market or self.data.get(self.add_prefix("market")) or self.initial.get("market")
        return typed or getattr(self.instance, "market", "") or ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.amounts:
            field = self._meta.model._meta.get_field(name)
            if cleaned.get(name) is None and not field.null and name not in self.errors:
                cleaned[name] = field.default if field.has_default() else None
        return cleaned


class AmountFormSet(forms.BaseInlineFormSet):
    """Inline forms whose amounts are in the currency of the parent's market."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Add the parent's market, unless it is still to be chosen."""
        is_chosen = self.is_bound or not self.instance._state.adding
        market = self.data.get("market") or (self.instance.market if is_chosen else "")
        return {**super().get_form_kwargs(index), "market": market}

    def clean(self) -> None:
        """Also check constraints that include the parent, which Django's own check leaves out, and report them as errors."""
        super().clean()
        if self.deleted_forms:
            return
        for form in self.forms:
            if form.is_valid() and form.has_changed():
                try:
                    form.instance.validate_constraints()
                except ValidationError as error:
                    raise ValidationError(error.messages) from error
