"""The settings of the shop that payments read."""

from django.conf import settings

from catalog.models import Store


def is_in_page() -> bool:
    """Return whether shoppers pay in a page of the shop, as its settings say."""
    in_page = Store.PaymentPage.IN_PAGE
    return bool(settings.STRIPE_PUBLISHABLE_KEY) and Store.objects.filter(payment_page=in_page).exists()
