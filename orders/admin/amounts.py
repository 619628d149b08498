"""Amounts as staff write them, 12.50, and as they are kept, in minor units."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from catalog.markets import all_markets, market_of
from catalog.money import to_major, to_minor


class AmountField(forms.CharField):
    """An amount in a currency; its value is minor units."""

    def __init__(self, *, currency: str, **options: Any) -> None:
        super().__init__(max_length=16, widget=forms.TextInput(attrs={"size": 10, "inputmode": "decimal"}), **options)
        self.currency = currency

    def prepare_value(self, value: Any) -> Any:
        return str(to_major(value, self.currency)) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        text = super().clean(value).strip().replace(",", ".")
        if not text:
            return None
        try:
            minor = to_minor(text, self.currency)
        except ValueError as error:
            raise ValidationError("Write an amount like 12.50.") from error
        if minor < 0:
            raise ValidationError("An amount cannot be negative.")
        return minor

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class AmountForm(forms.ModelForm):
    """A model form whose fields named in `amounts` are amounts of the market's currency; empty is the model's default."""

    amounts: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = market_of(self.market_code()).currency
        for name in self.amounts:
            model_field = self._meta.model._meta.get_field(name)
            label = f"{capfirst(model_field.verbose_name)} ({currency})"
            self.fields[name] = AmountField(
                currency=currency, label=label, required=False, help_text=model_field.help_text
            )
        if "market" in self.fields:
            choices = [(market.code, market.name) for market in all_markets().values()]
            self.fields["market"] = forms.ChoiceField(choices=choices)

    def market_code(self) -> str:
        return self.data.get(self.add_prefix("market")) or getattr(self.instance, "market", "") or ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in self.amounts:
            field = self._meta.model._meta.get_field(name)
            if cleaned.get(name) is None and not field.null and name not in self.errors:
                cleaned[name] = field.default if field.has_default() else None
        return cleaned
