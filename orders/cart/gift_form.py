"""The gift details of a gift card: recipient, sender, message and date."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.fields import MailboxFormField
from accounts.one_line import OneLineField
from orders.cart.gift_lines import GiftOptions

MAX_DAYS_AHEAD = 365
PREVIEWS = {"recipient_name": "#preview-recipient", "gift_text": "#preview-text", "sender_name": "#preview-sender"}


class GiftCardForm(forms.Form):
    """Gift details, all optional. Without an e-mail address the buyer gets the code; without a date it is sent at once."""

    recipient_name = OneLineField(label="Recipient's name", required=False, max_length=100)
    recipient_email = MailboxFormField(
        label="Recipient's e-mail",
        required=False,
        help_text="Leave this empty to get the code yourself.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    gift_text = OneLineField(
        label="Message", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 500})
    )
    sender_name = OneLineField(label="From", required=False, max_length=100)
    send_on = forms.DateField(
        label="Send it on",
        required=False,
        help_text="Leave this empty to send it as soon as it is paid.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a date."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        last = today + timedelta(days=MAX_DAYS_AHEAD)
        for name, preview in PREVIEWS.items():
            self.fields[name].widget.attrs["data-preview"] = preview
        self.fields["send_on"].widget.attrs |= {"min": today.isoformat(), "max": last.isoformat()}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        day, today = cleaned.get("send_on"), timezone.localdate()
        if not day:
            return cleaned
        if not today <= day <= today + timedelta(days=MAX_DAYS_AHEAD):
            self.add_error("send_on", "Choose a day from today to a year from now.")
        elif "recipient_email" in cleaned and not cleaned["recipient_email"]:
            self.add_error(
                "recipient_email", "Enter the recipient's e-mail address, so that we can send it on that day."
            )
        return cleaned

    def options(self) -> GiftOptions:
        return GiftOptions(**self.cleaned_data)
