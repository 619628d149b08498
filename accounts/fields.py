"""Fields that keep e-mail addresses in their normal form, on forms and in tables."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from accounts.mailboxes import INVALID, normalize_mailbox, validate_mailbox

MAX_TYPED = 1000  # characters that are looked at: hidden ones go, but nobody types so many


class MailboxFormField(forms.EmailField):
    """An e-mail address as people write it; cleaned, it is the normal form and mail can be sent to it."""

    default_validators = [validate_mailbox]

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 254)
        options.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}))
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        if len(text) > MAX_TYPED:
            # The normal form of some letters is eighteen times as long, and checking it takes seconds.
            raise ValidationError(self.error_messages.get("invalid", INVALID), code="invalid")
        return normalize_mailbox(text)


class MailboxField(models.EmailField):
    """A column that stores the normal form and finds a mailbox under each of its spellings."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return normalize_mailbox(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return normalize_mailbox(value) if isinstance(value, str) else value

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        """The instance says what its row says."""
        value = self.to_python(getattr(instance, self.attname))
        setattr(instance, self.attname, value)
        return value

    def formfield(self, **options: Any) -> forms.Field:
        return super().formfield(**{"form_class": MailboxFormField, **options})
