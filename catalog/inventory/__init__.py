"""All changes of stock. Each function changes the counters and writes the movements that explain the change."""

from catalog.inventory.adjusting import (
    Target,
    adjust,
    adjust_rows,
    receive,
    replace_limit,
    restock,
    set_backorders,
    set_levels,
    set_on_hand,
)
from catalog.inventory.reserving import Need, Pick, release, release_units, reserve, ship
from catalog.inventory.rows import default_location
from catalog.inventory.transfers import receive_transfer, return_missing, send

__all__ = [
    "Need",
    "Pick",
    "Target",
    "adjust",
    "adjust_rows",
    "default_location",
    "receive",
    "receive_transfer",
    "release",
    "release_units",
    "replace_limit",
    "reserve",
    "restock",
    "return_missing",
    "send",
    "set_backorders",
    "set_levels",
    "set_on_hand",
    "ship",
]
