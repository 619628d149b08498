"""The settings of the desk, by subject: what their page lists and the search finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

SEE_SETTINGS = "catalog.view_store"
SEE_PAYMENTS = "payments.view_payment"


@dataclass(frozen=True)
class Setting:
    """A page of settings. Users without the permission do not see it."""

    label: str
    detail: str
    icon: str
    url_name: str
    permission: str

    @property
    def url(self) -> str:
        return reverse(self.url_name)


GROUPS: Sequence[tuple[str, Sequence[Setting]]] = (
    (
        "Shop",
        (
            Setting(
                *("Store details", "Name, logo, colours, seller, announcement", "home"),
                *("admin:catalog_store_changelist", SEE_SETTINGS),
            ),
            Setting("Pages", "Help and legal texts", "page", "admin:catalog_page_changelist", "catalog.view_page"),
            Setting(
                *("Redirects", "From former URLs to present ones", "right"),
                *("admin:catalog_redirect_changelist", "catalog.view_redirect"),
            ),
            Setting("Menus", "Header and footer", "menu", "admin:catalog_menu_changelist", "catalog.view_menu"),
            Setting(
                *("Languages and markets", "Currencies, countries and URLs", "eye"),
                *("admin:settings_markets", SEE_SETTINGS),
            ),
        ),
    ),
    (
        "Selling",
        (
            Setting(
                *("Delivery", "What shoppers pay, by country and weight", "truck"),
                *("admin:orders_delivery_grid", "orders.view_shippingzone"),
            ),
            Setting(
                *("Closing days", "When no parcels are sent", "x"),
                *("admin:orders_closingday_changelist", "orders.view_closingday"),
            ),
            Setting(
                *("Taxes", "Rates, each from a date", "promo"),
                *("admin:orders_taxrate_changelist", "orders.view_taxrate"),
            ),
            Setting("Payments", "Whether they work", "tag", "admin:settings_payments", SEE_PAYMENTS),
            Setting(
                *("Payment methods", "Bank transfer, invoice, cash at pick-up", "tag"),
                *("admin:payments_offlinemethod_changelist", "payments.view_offlinemethod"),
            ),
            Setting(
                *("Locations", "Where stock is kept", "stock"),
                *("admin:catalog_location_changelist", "catalog.view_location"),
            ),
        ),
    ),
    (
        "Messages",
        (
            Setting("E-mails", "What each one looks like", "mail", "admin:settings_mails", SEE_SETTINGS),
            Setting("Outbox", "Sent and waiting e-mails", "table", "admin:shop_mail_changelist", "shop.view_mail"),
        ),
    ),
    (
        "Team and safety",
        (
            Setting(
                *("Staff and roles", "Who works here, and what each role may do", "person"),
                *("admin:accounts_staff_changelist", "accounts.view_staff"),
            ),
            Setting(
                *("Change log", "Who changed what, and when", "table"),
                *("admin:admin_logentry_changelist", "admin.view_logentry"),
            ),
        ),
    ),
)


def visible_groups(user: Any) -> list[tuple[str, list[Setting]]]:
    """The settings that the user may open, by group."""
    groups = [(label, [each for each in entries if user.has_perm(each.permission)]) for label, entries in GROUPS]
    return [(label, entries) for label, entries in groups if entries]
