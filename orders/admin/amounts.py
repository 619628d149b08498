"""Amounts as staff write them, 12.50, and as they are kept, in minor units."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from catalog.inputs import AmountField
from catalog.markets import all_markets, market_of


class AmountForm(forms.ModelForm):
    """A model form whose fields named in `amounts` are amounts of the market's currency; empty is the model's default.

    The parts of something that has a market are told it.
    """

    amounts: tuple[str, ...] = ()

    def __init__(self, *args: Any, market: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._market = market
        currency = market_of(self.market_code()).currency
        for name in self.amounts:
            model_field = self._meta.model._meta.get_field(name)
            label = f"{capfirst(model_field.verbose_name)} ({currency})"
            is_needed = not (model_field.null or model_field.has_default())
            self.fields[name] = AmountField(
                currency=currency, label=label, required=is_needed, help_text=model_field.help_text
            )
        if "market" in self.fields:
            choices = [(market.code, market.name) for market in all_markets().values()]
            self.fields["market"] = forms.ChoiceField(choices=choices)

    def market_code(self) -> str:
        return self._market or self.data.get(self.add_prefix("market")) or getattr(self.instance, "market", "") or ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.amounts:
            field = self._meta.model._meta.get_field(name)
            if cleaned.get(name) is None and not field.null and name not in self.errors:
                cleaned[name] = field.default if field.has_default() else None
        return cleaned


class AmountFormSet(forms.BaseInlineFormSet):
    """Parts of something that has a market: their amounts are in its currency."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "market": self.data.get("market") or self.instance.market}

    def clean(self) -> None:
        """A row that is there already is refused in words: Django leaves the parent out where it looks for it."""
        super().clean()
        if self.deleted_forms:
            return
        for form in self.forms:
            if form.is_valid() and form.has_changed():
                try:
                    form.instance.validate_constraints()
                except ValidationError as error:
                    raise ValidationError(error.messages) from error
