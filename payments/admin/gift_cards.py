"""Gift cards and store credit in the admin: view, issue and block them. Balances cannot be edited."""

import uuid
from datetime import datetime, time
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from accounts.fields import MailboxFormField
from accounts.limits.throttle import Limit, TooManyAttempts
from accounts.models import User
from catalog.admin.base import ReadOnly, ReadOnlyInline, page, require_permission
from catalog.admin.columns import ValuesFilter
from catalog.edits.history import write_entry
from catalog.formats import count_of, signed_money
from catalog.inputs import AmountField, DayField, DayInput
from catalog.markets import all_markets
from catalog.money import format_money
from catalog.search_fields import search_condition
from orders.errors import GiftCardRefused
from orders.gift_cards import code_digest, set_active
from orders.models import GiftCard, GiftCardMovement
from payments.gift_cards import issue_gift_card

ISSUING = Limit("issue-gift-card", 1, 24 * 3600)  # one form issues one card, even if its button is pressed twice
SENT_TWICE = (
    "This form was already sent and created one card. Its code was shown once. "
    "If you did not see it, block that card in the list and issue another."
)


class IssueForm(forms.Form):
    """Issue a gift card, or store credit for an account."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    market = forms.ChoiceField(help_text="The gift card has this market's currency.")
    amount = forms.CharField()
    email = MailboxFormField(
        label="Customer",
        required=False,
        help_text="The e-mail address of an account, for store credit. Empty: a gift card with a code.",
    )
    expires = DayField(label="Valid until", required=False, widget=DayInput, help_text="Empty: it does not expire.")
    note = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["market"] = forms.ChoiceField(choices=[(m.code, m.name) for m in all_markets().values()])
        self.fields["amount"] = AmountField(currency=self.currency)

    @property
    def currency(self) -> str:
        markets = all_markets()
        chosen = self.data.get("market", "")
        return markets[chosen].currency if chosen in markets else next(iter(markets.values())).currency

    def clean_email(self) -> User | None:
        email = self.cleaned_data["email"]
        user = User.objects.filter(email=email).first() if email else None
        if email and not user:
            raise forms.ValidationError("There is no account with this e-mail address.")
        return user

    def clean_expires(self) -> datetime | None:
        """Return the end of that day in the shop's time zone."""
        day = self.cleaned_data["expires"]
        if day and day < timezone.localdate():
            raise forms.ValidationError("Enter a date that is not in the past.")
        return timezone.make_aware(datetime.combine(day, time.max)) if day else None


@transaction.atomic
def _set_active(cards: QuerySet[GiftCard], *, is_active: bool, by: User) -> int:
    """Block or unblock the cards, and log it in the history of each card that changes; return how many changed."""
    changing = list(cards.exclude(is_active=is_active).order_by("pk").select_for_update(of=("self",)))
    count = set_active(cards, is_active=is_active)
    changed = GiftCard.objects.filter(pk__in=[card.pk for card in changing], is_active=is_active)
    LogEntry.objects.log_actions(by.pk, changed, CHANGE, "Unblocked." if is_active else "Blocked.")
    return count


class MovementInline(ReadOnlyInline):
    model = GiftCardMovement
    fields = ("created_at", "kind", "amount", "order", "user")
    readonly_fields = ("amount",)

    @admin.display(description="amount")
    def amount(self, movement: GiftCardMovement) -> str:
        return signed_money(movement.amount_minor, movement.card.currency)


@admin.register(GiftCard)
class GiftCardAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "kind", "user", "balance", "initial", "expires_at", "is_active", "created_at")
    list_filter = ("kind", "is_active", ("currency", ValuesFilter))
    search_fields = ("last_characters__startswith", "user__email", "note")
    search_help_text = "Search by the whole code, its last four characters or a customer's e-mail address."
    list_select_related = ("user",)
    inlines = (MovementInline,)
    actions = ("block", "unblock")
    change_list_template = "admin/payments/giftcard/change_list.html"
    fields = ("kind", "last_characters", "user", "balance", "initial", "expires_at", "is_active", "note", "created_at")

    @admin.display(description="balance", ordering="balance_minor")
    def balance(self, card: GiftCard) -> str:
        return format_money(card.balance_minor, card.currency)

    @admin.display(description="initial value", ordering="initial_minor")
    def initial(self, card: GiftCard) -> str:
        return format_money(card.initial_minor, card.currency)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Also find a card by its whole code."""
        if not search_term.strip():
            return queryset, False
        matches = search_condition(GiftCard, self.get_search_fields(request), search_term)
        return queryset.filter(matches | Q(code_hash=code_digest(search_term))), False

    def has_issue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("orders.issue_giftcard")

    @admin.action(description="Block the selected cards", permissions=["issue"])
    def block(self, request: HttpRequest, queryset: QuerySet) -> None:
        blocked = _set_active(queryset, is_active=False, by=cast(User, request.user))
        messages.success(request, f"{count_of(blocked, 'gift card')} blocked.")

    @admin.action(description="Unblock the selected cards", permissions=["issue"])
    def unblock(self, request: HttpRequest, queryset: QuerySet) -> None:
        unblocked = _set_active(queryset, is_active=True, by=cast(User, request.user))
        messages.success(request, f"{count_of(unblocked, 'gift card')} unblocked.")

    def get_urls(self) -> list[URLPattern]:
        urls = [path("issue/", self.admin_site.admin_view(self.issue_view), name="orders_giftcard_issue")]
        return urls + super().get_urls()

    def issue_view(self, request: HttpRequest) -> HttpResponse:
        """Issue a card, and show its code this one time."""
        require_permission(request, "orders.issue_giftcard")
        form = IssueForm(request.POST or None, initial={"key": uuid.uuid4()})
        if request.method == "POST" and form.is_valid():
            try:
                card, code = self._issue(request, form)
            except GiftCardRefused as refused:
                form.add_error("amount", str(refused))
            except TooManyAttempts:
                messages.error(request, SENT_TWICE)
                return redirect("admin:orders_giftcard_changelist")
            else:
                if not code:
                    messages.success(
                        request,
                        f"{format_money(card.initial_minor, card.currency)} of store credit issued to {card.user}.",
                    )
                    return redirect("admin:orders_giftcard_changelist")
                context = {"card": card, "code": code, "title": "New gift card"}
                return page(self, request, "admin/payments/giftcard/issued.html", context)
        context = {"form": form, "title": "Issue a gift card or store credit", "button": "Issue"}
        return page(self, request, "admin/catalog/plain_form.html", context, 422 if form.errors else 200)

    @transaction.atomic
    def _issue(self, request: HttpRequest, form: IssueForm) -> tuple[GiftCard, str]:
        """Issue the card in one transaction with the form's key, so that a refused card does not use up the key."""
        cleaned = form.cleaned_data
        ISSUING.take(str(cleaned["key"]))
        card, code = issue_gift_card(
            cleaned["amount"] or 0,
            form.currency,
            expires_at=cleaned["expires"],
            user_id=cleaned["email"].pk if cleaned["email"] else None,
            note=cleaned["note"],
            by=request.user.pk,
        )
        write_entry(request, card, ADDITION, f"Issued with {format_money(card.initial_minor, card.currency)}.")
        return card, code
