"""The looks of the badges on pages about stock, by status."""

from catalog.models import PurchaseOrder, Stocktake, Transfer

PURCHASES = {
    PurchaseOrder.Status.DRAFT: "open",
    PurchaseOrder.Status.ORDERED: "info",
    PurchaseOrder.Status.PARTLY: "info half",
    PurchaseOrder.Status.RECEIVED: "ok",
    PurchaseOrder.Status.CANCELED: "open",
}
TRANSFERS = {
    Transfer.Status.SENT: "info",
    Transfer.Status.PARTLY: "warn half",
    Transfer.Status.RECEIVED: "ok",
}
STOCKTAKES = {
    Stocktake.Status.OPEN: "info half",
    Stocktake.Status.REVIEW: "warn",
    Stocktake.Status.POSTED: "ok",
    Stocktake.Status.CANCELED: "open",
}


def purchase_look(status: str) -> str:
    return PURCHASES[PurchaseOrder.Status(status)]


def transfer_look(status: str) -> str:
    return TRANSFERS[Transfer.Status(status)]


def stocktake_look(status: str) -> str:
    return STOCKTAKES[Stocktake.Status(status)]
