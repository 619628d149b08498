from catalog.models.category import Category
from catalog.models.image import ProductImage
from catalog.models.listing import DirtyListing, Listing
from catalog.models.price import Price
from catalog.models.product import Option, Product, Variant
from catalog.models.stock import Location, Reservation, Stock, StockMovement
from catalog.models.store import Page, Store, Swatch

__all__ = [
    "Category",
    "DirtyListing",
    "Listing",
    "Location",
    "Option",
    "Page",
    "Price",
    "Product",
    "ProductImage",
    "Reservation",
    "Stock",
    "StockMovement",
    "Store",
    "Swatch",
    "Variant",
]
