"""What the lists of the desk are called, what they hold, and what their button for something new says."""

from dataclasses import dataclass

from django.db.models.options import Options
from django.utils.text import capfirst


@dataclass(frozen=True)
class ListText:
    """The words of one list. Without a title or a label of the button, those of Django's model are used."""

    purpose: str
    title: str = ""
    add: str = ""


LIST_TEXTS = {
    "account.emailaddress": ListText(
        "The addresses that accounts can log in with, and whether each is confirmed.", "E-mail addresses"
    ),
    "accounts.invitation": ListText("Who was invited to work at this shop."),
    "accounts.staff": ListText("Who works at this shop, and what their roles allow.", "Staff and roles"),
    "accounts.user": ListText("Customers who can log in to the shop.", "Accounts", "Add an account"),
    "admin.logentry": ListText("Who changed what, and when.", "Changes"),
    "auth.group": ListText("Groups of customers, for promotions that only they get.", "Customer groups", "Add a group"),
    "catalog.attribute": ListText(
        "Facts that products have and shoppers filter by, such as colour.", add="Add an attribute"
    ),
    "catalog.attributevalue": ListText("What attributes can say, such as Moss for a colour.", add="Add a value"),
    "catalog.category": ListText(
        "The tree that shoppers browse. Each product is in one category.", add="Add a category"
    ),
    "catalog.collection": ListText("Sets of products, chosen by hand or by a rule.", add="Add a collection"),
    "catalog.location": ListText(
        "Where stock is kept. The one with the smallest priority number ships first.", add="Add a location"
    ),
    "catalog.menu": ListText("The links in the header and the footer of the shop.", add="Add a column"),
    "catalog.page": ListText("Help, legal texts and pages about the shop.", add="Add a page"),
    "catalog.price": ListText(
        "Every price of every variant, past, present and planned. Edit them on the product's page."
    ),
    "catalog.product": ListText("What the shop sells.", add="Add a product"),
    "catalog.productimage": ListText(
        "The pictures of all products. Edit them on the product's page.", "Product pictures"
    ),
    "catalog.producttype": ListText("Which attributes products of a kind must have.", add="Add a product type"),
    "catalog.purchaseorder": ListText(
        "What was ordered from suppliers, and what is still to come.", add="New purchase order"
    ),
    "catalog.receipt": ListText("Goods that arrived.", "Deliveries"),
    "catalog.redirect": ListText(
        "Former URLs that lead to present pages, so that old links keep working.", add="Add a redirect"
    ),
    "catalog.review": ListText("What customers wrote about products. Reviews are shown when they are published."),
    "catalog.run": ListText(
        "Imports and bulk edits: what each would change, did change, and how to undo it.",
        "Imports and edits",
        "Import products",
    ),
    "catalog.stock": ListText("What is on hand, reserved and available at each location."),
    "catalog.stockmovement": ListText("Everything that changed what is on hand or reserved, newest first."),
    "catalog.stocktake": ListText(
        "Counts of what is really there. The shop stays open meanwhile.", "Counts", "Count stock"
    ),
    "catalog.store": ListText("Name, logo, colours and seller."),
    "catalog.swatch": ListText("The colour that shoppers see beside the name of an option.", add="Add a swatch"),
    "catalog.synonym": ListText("Words that mean the same in the search of the shop.", add="Add synonyms"),
    "catalog.transfer": ListText("Stock on its way from one location to another.", add="Send stock"),
    "catalog.variant": ListText("Everything with an SKU. Edit variants on the product's page."),
    "mfa.authenticator": ListText(
        "Apps, passkeys and recovery codes of accounts. Delete one if its owner lost it.", "Second factors"
    ),
    "orders.closingday": ListText(
        "Days on which no parcels are sent or carried. Delivery promises skip them.", add="Add a closing day"
    ),
    "orders.coupon": ListText("Codes of promotions. Make new ones on the promotion's page.", "Codes"),
    "orders.customer": ListText("Everybody who ordered or has an account."),
    "orders.giftcard": ListText("Gift cards and store credit, and what is left on them."),
    "orders.order": ListText("What customers bought."),
    "orders.orderrun": ListText("Actions on many orders, and what came of each."),
    "orders.promotion": ListText("Discounts, gifts and free delivery."),
    "orders.shippingmethod": ListText(
        "How parcels are sent, and how long they take. Prices are in the delivery grid.",
        "Delivery methods",
        "Add a delivery method",
    ),
    "orders.shippingzone": ListText(
        "Countries and postcodes that have the same delivery prices.", "Delivery zones", "Add a delivery zone"
    ),
    "orders.taxrate": ListText("Tax by country and class, each from a date.", add="Add a tax rate"),
    "orders.taxregion": ListText(
        "Parts of countries with tax rules of their own, found by postcode.", add="Add a tax region"
    ),
    "payments.dispute": ListText("Payments that customers ask their bank to take back. Answer each before its day."),
    "payments.journal": ListText("The books: each entry moves money between accounts and is never changed."),
    "payments.balancetransaction": ListText("Every movement of the shop's balance at Stripe, with its fee."),
    "payments.payout": ListText("What Stripe paid out to the bank account, and the transactions in it."),
    "payments.offlinemethod": ListText("Payment methods without Stripe, and what shoppers are told about each."),
    "payments.payment": ListText("How orders were paid, and payments that need a decision."),
    "payments.refund": ListText("Money that goes back to customers, one entry for each payment.", "Refund payments"),
    "payments.refundlimit": ListText("How much each role refunds without a second person.", add="Add a limit"),
    "payments.refundrequest": ListText(
        "What was refunded, why, and who agreed. Refunds above a limit wait here.", "Refunds"
    ),
    "payments.stripeevent": ListText("What Stripe reported. Failed events are tried again."),
    "shop.mail": ListText("E-mails that were sent, wait or failed.", "Outbox"),
}
_NONE = ListText("")


def list_title(options: Options) -> str:
    """What the list of this model is called in headings and links."""
    return LIST_TEXTS.get(options.label_lower, _NONE).title or capfirst(str(options.verbose_name_plural))


def list_purpose(options: Options) -> str:
    """What the list of this model holds, in one sentence or two."""
    return LIST_TEXTS.get(options.label_lower, _NONE).purpose


def add_label(options: Options) -> str:
    """What the button says that opens the form for a new object."""
    return LIST_TEXTS.get(options.label_lower, _NONE).add or f"Add {options.verbose_name}"
