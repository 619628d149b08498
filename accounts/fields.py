"""Fields that keep e-mail addresses in their normal form, on forms and in tables."""

from typing import Any

from django import forms
from django.db import models

from accounts.mailboxes import normalize_mailbox, validate_mailbox


class MailboxFormField(forms.EmailField):
    """An e-mail address as people write it; cleaned, it is the normal form and mail can be sent to it."""

    default_validators = [validate_mailbox]

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 254)
        options.setdefault("widget", forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}))
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        return normalize_mailbox(super().to_python(value))


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
