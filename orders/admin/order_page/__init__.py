"""The order page of the admin: panels that show a part of the order, actions that change it, and a timeline.

Each app adds its own parts: `order_page.add(Panel(…), Action(…))` and `order_page.add_timeline(function)`. Apps other than
orders do this in AppConfig.ready().
"""

from orders.admin.order_page.corrections import (
    ADDRESS_ACTION,
    EMAIL_ACTION,
    INVOICE_ADDRESS_ACTION,
    TRACKING_ACTION,
)
from orders.admin.order_page.notes import MAIL_ACTION, NOTE_ACTION
from orders.admin.order_page.panels import PANELS
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Panel, order_page
from orders.admin.order_page.shipping import SHIP_ACTION
from orders.admin.order_page.timeline import event_entries

order_page.add(*PANELS)
order_page.add(SHIP_ACTION, ADDRESS_ACTION, INVOICE_ADDRESS_ACTION, EMAIL_ACTION, TRACKING_ACTION)
order_page.add(MAIL_ACTION, NOTE_ACTION)
order_page.add_timeline(event_entries)

__all__ = ["Action", "ActionForm", "ActionRefused", "Panel", "order_page"]
