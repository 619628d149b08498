"""The order page of the admin: panels that show a part of the order, and actions that change it.

Each app adds its own panels and actions: `order_page.add(Panel(…), Action(…))`. Apps other than
orders do this in AppConfig.ready().
"""

from orders.admin.order_page.panels import PANELS
from orders.admin.order_page.registry import Action, ActionForm, ActionRefused, Panel, order_page
from orders.admin.order_page.shipping import SHIP

order_page.add(*PANELS, SHIP)

__all__ = ["Action", "ActionForm", "ActionRefused", "Panel", "order_page"]
