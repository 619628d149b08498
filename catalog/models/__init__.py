from catalog.models.attribute import Attribute, AttributeValue, ProductType, SearchTerm, Synonym
from catalog.models.category import Category
from catalog.models.collection import BoughtTogether, Collection, CollectionEntry, RelatedProduct
from catalog.models.counting import Stocktake, StocktakeLine, Transfer, TransferLine
from catalog.models.image import ProductImage
from catalog.models.listing import CategoryChange, DirtyListing, FacetCount, Listing
from catalog.models.menu import Menu, MenuEntry
from catalog.models.page import Page, PageText, PageVersion
from catalog.models.price import Price
from catalog.models.product import Option, Product, TaxClass, Variant
from catalog.models.receiving import PurchaseOrder, PurchaseOrderLine, Receipt, ReceiptLine
from catalog.models.redirect import Redirect
from catalog.models.review import Review, StockAlert
from catalog.models.run import Change, Run, RunProgress
from catalog.models.stock import Location, LowStockNotice, Reservation, Stock, StockMovement
from catalog.models.store import Capture, Store, StoreText, Swatch

__all__ = [
    "Attribute",
    "AttributeValue",
    "BoughtTogether",
    "Capture",
    "Category",
    "CategoryChange",
    "Change",
    "Collection",
    "CollectionEntry",
    "DirtyListing",
    "FacetCount",
    "Listing",
    "Location",
    "LowStockNotice",
    "Menu",
    "MenuEntry",
    "Option",
    "Page",
    "PageText",
    "PageVersion",
    "Price",
    "Product",
    "ProductImage",
    "ProductType",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "Receipt",
    "ReceiptLine",
    "Redirect",
    "RelatedProduct",
    "Reservation",
    "Review",
    "Run",
    "RunProgress",
    "SearchTerm",
    "Stock",
    "StockAlert",
    "StockMovement",
    "Stocktake",
    "StocktakeLine",
    "Store",
    "StoreText",
    "Swatch",
    "Synonym",
    "TaxClass",
    "Transfer",
    "TransferLine",
    "Variant",
]
