"""The panels of orders, from the items to the technical details."""

from orders.admin.order_page.content import DETAILS
from orders.admin.order_page.customer import address_card, customer_card
from orders.admin.order_page.facts import evidence, facts, states, terms
from orders.admin.order_page.items import items
from orders.admin.order_page.parcels import parcels
from orders.admin.order_page.permissions import SEE_CUSTOMER, SEE_EVIDENCE
from orders.admin.order_page.registry import Area, Panel
from orders.admin.order_page.timeline import timeline
from orders.admin.order_page.total import total

FOLDER = "admin/orders/order/panels"
CUSTOMER_COLUMNS = ("name", "email", "user")
STATE_COLUMNS = (
    *("number", "placed_at", "status", "cancel_reason", "fulfillment_status", "payment_due_at"),
    *("confirmed_at", "completed_at", "canceled_at"),
)

PANELS = (
    Panel("items", "Items", f"{FOLDER}/items.html", 10, items),
    Panel("parcels", "Parcels", f"{FOLDER}/parcels.html", 20, parcels),
    Panel("total", "Total", f"{FOLDER}/total.html", 30, total, area=Area.HALF),
    Panel("timeline", "Timeline", f"{FOLDER}/timeline.html", 90, timeline),
    Panel(
        "customer",
        "Customer",
        f"{FOLDER}/customer.html",
        100,
        customer_card,
        permission=SEE_CUSTOMER,
        columns=CUSTOMER_COLUMNS,
        area=Area.SIDE,
    ),
    Panel("address", "Addresses", f"{FOLDER}/address.html", 110, address_card, permission=SEE_CUSTOMER, area=Area.SIDE),
    Panel("facts", "Facts", DETAILS, 130, facts, columns=("shipping_name",), area=Area.SIDE),
    Panel("states", "Status", DETAILS, 200, states, columns=STATE_COLUMNS, area=Area.TECHNICAL),
    Panel(
        "terms",
        "Terms",
        DETAILS,
        210,
        terms,
        columns=("terms_version", "terms_accepted_at"),
        area=Area.TECHNICAL,
    ),
    Panel(
        "evidence",
        "Evidence",
        DETAILS,
        220,
        evidence,
        permission=SEE_EVIDENCE,
        columns=("terms_accepted_ip",),
        area=Area.TECHNICAL,
    ),
)

__all__ = ["PANELS", "SEE_CUSTOMER", "SEE_EVIDENCE"]
