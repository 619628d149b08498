"""Reviews by buyers. The order's secret link proves the purchase."""

from catalog.listings.reviews import Opinion, write_review
from catalog.models import Product, Review, Variant
from orders.errors import OrderRefused
from orders.models import Order, OrderLine
from orders.progress import LineView, can_review


def product_to_review(order: Order, line_id: int) -> tuple[OrderLine, Product]:
    """Return the order line and its product; raise OrderRefused if the line cannot be reviewed (yet)."""
    line = OrderLine.objects.filter(pk=line_id, order=order).first()
    variant = Variant.objects.select_related("product").filter(pk=line.variant_id).first() if line else None
    if not line or not variant or not can_review(order, line):
        raise OrderRefused("This can be reviewed once it has been sent.")
    return line, variant.product


def review_purchase(order: Order, line_id: int, opinion: Opinion) -> Review:
    """Store the buyer's review for approval by staff; a new review of the same line replaces the earlier one."""
    line, product = product_to_review(order, line_id)
    return write_review(product, opinion, purchase=f"{order.number}/{line.position}")


def review_of(order: Order, line: OrderLine) -> Review | None:
    """Return the buyer's review of this line, or None."""
    return Review.objects.filter(purchase=f"{order.number}/{line.position}").first()


def lines_of(order: Order) -> list[LineView]:
    """Return the order's lines, each with the label of the link to its review."""
    lines = list(order.lines.all())
    is_any_reviewable = any(can_review(order, line) for line in lines)
    reviewed = reviews_of(order) if is_any_reviewable else set()
    return [LineView(line, _review_action(order, line, reviewed)) for line in lines]


def _review_action(order: Order, line: OrderLine, reviewed: set[int]) -> str:
    if not can_review(order, line):
        return ""
    return "Change your review" if line.position in reviewed else "Write a review"


def reviews_of(order: Order) -> set[int]:
    """Return the positions of the order's lines that have been reviewed."""
    purchases = Review.objects.filter(purchase__startswith=f"{order.number}/").values_list("purchase", flat=True)
    return {int(purchase.rpartition("/")[2]) for purchase in purchases}
