"""Form and model fields that normalize e-mail addresses."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from accounts.mailboxes import INVALID, normalize_mailbox, validate_mailbox

MAX_TYPED_CHARACTERS = 1000  # checked before hidden characters are removed


class MailboxFormField(forms.EmailField):
    """An e-mail address. The cleaned value is normalized, and e-mail can be sent to it."""

    default_validators = [validate_mailbox]

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 254)
        options.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}))
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if len(text) > MAX_TYPED_CHARACTERS:
            # Normalizing can make a text eighteen times as long, and validating that takes seconds.
            raise ValidationError(self.error_messages.get("invalid", INVALID), code="invalid")
        return normalize_mailbox(text)


class MailboxField(models.EmailField):
    """A column of normalized e-mail addresses. Lookups normalize their value, too."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return normalize_mailbox(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return normalize_mailbox(value) if isinstance(value, str) else value

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        """Normalize the value and set it on the instance, so that the instance equals its row."""
        value = self.to_python(getattr(instance, self.attname))
        setattr(instance, self.attname, value)
        return value

    def formfield(self, **options: Any) -> forms.Field:
        return super().formfield(**{"form_class": MailboxFormField, **options})
