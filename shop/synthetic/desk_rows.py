"""Rows for the lists of the desk that products and orders do not fill: customers, codes, reviews, deliveries, history.

They are made up by the database itself. Their values are plausible enough to be listed, filtered and searched, but
nothing else: a gift card has no movement, and a delivery has moved no stock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import DateTimeField, Model

from accounts.models import Invitation, Staff, User
from catalog.models import (
    Attribute,
    AttributeValue,
    Collection,
    Location,
    Product,
    ProductImage,
    ProductType,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    ReceiptLine,
    Redirect,
    Review,
    Run,
    Stocktake,
    StocktakeLine,
    Synonym,
    Transfer,
    TransferLine,
    Variant,
)
from orders.models import ClosingDay, Coupon, Customer, GiftCard, Order, OrderRun, Promotion
from payments.models import BalanceTransaction, Dispute, Payment, Payout, RefundRequest, StripeEvent
from shop.synthetic.loading import indexes_built_last, insert, set_sequence, without_row_triggers
from shop.synthetic.people import FIRST_NAMES, LAST_NAMES

FEW = 200  # rows of lists that do not grow with the shop
# After pictures were made up.
HAVE_PICTURES = """
UPDATE catalog_product SET missing = array_remove(missing, 'picture')
WHERE 'picture' = ANY (missing) AND id IN (SELECT product_id FROM catalog_productimage)
"""
WORTH_IT = 20_000  # rows from which indexes are built afterwards
SERIES = "generate_series(1, {rows}) AS n"
MOMENT = "now() - n * interval '1 minute'"


@dataclass(frozen=True)
class Filling:
    """Rows of one list: as many as `per_order` says, or FEW, with their columns as SQL about the number `n`."""

    model: type[Model]
    columns: dict[str, str]
    per_order: float = 1.0
    is_few: bool = False
    source: str = SERIES

    def rows(self, orders: int) -> int:
        return FEW if self.is_few else max(FEW, int(orders * self.per_order))


def one_of(*values: str) -> str:
    """SQL for one of these values after the other."""
    return f"(ARRAY[{', '.join(_quoted(value) for value in values)}])[1 + n %% {len(values)}]"


# A few rows in a shop of any size, so that a list of them draws as many rows in a small shop as in a large one.
IS_RARE = f"n %% 3 = 0 AND n BETWEEN 30 AND {3 * FEW}"


def mostly(usual: str, rare: str) -> str:
    """SQL for the usual value, and for the rare one in a few rows."""
    return f"CASE WHEN {IS_RARE} THEN {_quoted(rare)} ELSE {_quoted(usual)} END"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def _row(model: type[Model], ahead: str = "0") -> str:
    """SQL for the id of an existing row of this model, another one for each number."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(id), count(*) FROM {model._meta.db_table}")  # noqa: S608  (our own table names)
        first, count = cursor.fetchone()
    return f"({first or 1} + (n + {ahead}) %% {max(count, 1)})"


# One person in eight has the same name, which fills a page of any list that is searched for it.
NAME = (
    f"CASE WHEN n %% 8 = 0 THEN 'Anna Berger' ELSE"
    f" (ARRAY[{', '.join(map(_quoted, FIRST_NAMES))}])[1 + n %% {len(FIRST_NAMES)}] || ' ' ||"
    f" (ARRAY[{', '.join(map(_quoted, LAST_NAMES))}])[1 + n / 7 %% {len(LAST_NAMES)}] END"
)


def fillings(staff_id: int) -> Sequence[Filling]:
    """The rows of each list. `staff_id` is the member of staff who did everything. Each refers to rows of those before."""
    return [
        *_people(staff_id),
        *_catalogue(staff_id),
        *_stock(staff_id),
        *_offers(staff_id),
        *_payments(staff_id),
    ]


def _people(staff_id: int) -> Sequence[Filling]:
    email = "'person' || n || '@example.com'"
    return [
        Filling(
            User,
            {
                "password": "'!'",
                "email": email,
                "name": NAME,
                "is_active": f"NOT ({IS_RARE})",
                "is_staff": "n <= 20",
            },
        ),
        Filling(EmailAddress, {"user_id": _row(User), "email": email, "verified": "n %% 10 > 0", "primary": "true"}),
        Filling(Customer, {"email": email, "tags": f"ARRAY[{one_of('vip', 'trade')}]", "note": "'Calls first.'"}),
        Filling(
            Authenticator,
            {
                "user_id": _row(User),
                "type": mostly("totp", "webauthn"),
                "data": "'{}'",
            },
            per_order=0.1,
        ),
        Filling(
            Invitation,
            {
                "email": email,
                "secret_hash": "'made-' || n",
                "invited_by_id": str(staff_id),
                "expires_at": f"{MOMENT} + interval '3 days'",
            },
            is_few=True,
        ),
    ]


def _catalogue(staff_id: int) -> Sequence[Filling]:
    return [
        Filling(ProductType, {"name": "'Type ' || n"}, is_few=True),
        Filling(Synonym, {"words": "ARRAY['word' || n, 'term' || n]"}, is_few=True),
        Filling(ClosingDay, {"country": "'DE'", "day": "current_date + n::int", "name": "'Day off'"}, is_few=True),
        Filling(Collection, {"name": "'Collection ' || n", "slug": "'made-' || n"}, per_order=0.001),
        Filling(
            AttributeValue,
            {"attribute_id": _row(Attribute), "slug": "'made-' || n", "label": "'Value ' || n"},
            per_order=0.01,
        ),
        Filling(
            ProductImage,
            {
                "product_id": _row(Product),
                "alt": "'Picture ' || n || ' of a ' || " + one_of("table", "lamp", "chair"),
                "file": "'made/' || n || '.webp'",
                "width": "800",
                "height": "800",
                "rendered_widths": "ARRAY[400]",
            },
        ),
        Filling(
            Redirect,
            {"kind": "'product'", "old": "'former-' || n", "product_id": _row(Product)},
        ),
        Filling(
            Review,
            {
                "product_id": _row(Product),
                "status": mostly("published", "pending"),
                "rating": "1 + n %% 5",
                "title": one_of("Lovely", "As described", "Sturdy", "Not for me"),
                "text": "'Bought number ' || n || ' and would buy it again.'",
                "author": one_of(*FIRST_NAMES[:20]),
            },
        ),
        Filling(
            Run,
            {
                "kind": mostly("import", "bulk"),
                "status": mostly("applied", "failed"),
                "name": "'products-' || n || '.csv'",
                "user_id": str(staff_id),
            },
            per_order=0.1,
        ),
        Filling(
            LogEntry,
            {
                "user_id": str(staff_id),
                "content_type_id": str(ContentType.objects.get_for_model(Product).pk),
                "object_id": f"{_row(Product)}::text",
                "object_repr": "'Made-up table ' || n",
                "action_flag": "2",
                "change_message": "'[]'",
            },
        ),
    ]


def _stock(staff_id: int) -> Sequence[Filling]:
    places, user = {"location_id": _row(Location)}, {"user_id": str(staff_id)}
    key = {"key": "gen_random_uuid()"}
    variant = _row(Variant, "parent.id * 3")
    return [
        Filling(
            PurchaseOrder,
            {
                **places,
                **user,
                **key,
                "supplier": one_of("Northwind Wholesale", "Potters & Sons", "Elm Joinery") + " || ' ' || n %% 500",
                "status": f"CASE WHEN n > {FEW} THEN 'received' ELSE 'ordered' END",
                "ordered_at": MOMENT,
                "closed_at": f"CASE WHEN n > {FEW} THEN {MOMENT} END",
            },
            per_order=0.1,
        ),
        _lines(PurchaseOrderLine, "order_id", {"quantity": "10", "received": "4", "variant_id": variant}),
        Filling(
            Receipt,
            {
                **places,
                **user,
                **key,
                "purchase_id": f"CASE WHEN n %% 2 = 0 THEN {_row(PurchaseOrder)} END",
                "delivery_note": "'LS-' || n",
            },
            per_order=0.1,
        ),
        _lines(ReceiptLine, "receipt_id", {"quantity": "4", "variant_id": variant}),
        Filling(
            Stocktake,
            {**places, **user, "status": f"CASE WHEN n > {FEW} THEN 'posted' ELSE 'open' END"},
            per_order=0.01,
        ),
        _lines(StocktakeLine, "stocktake_id", {"frozen": "3", "variant_id": variant}),
        Filling(
            Transfer,
            {
                **user,
                **key,
                "source_id": _row(Location),
                "destination_id": _row(Location, "1"),
                "status": mostly("received", "sent"),
            },
            per_order=0.01,
        ),
        _lines(TransferLine, "transfer_id", {"quantity": "4", "variant_id": variant}),
    ]


def _lines(model: type[Model], parent: str, columns: dict[str, str]) -> Filling:
    """Three lines for each row of the parent."""
    table = model._meta.get_field(parent.removesuffix("_id")).related_model._meta.db_table  # type: ignore[union-attr]
    return Filling(model, {parent: "parent.id", **columns}, source=f"{table} AS parent, generate_series(1, 3) AS n")


def _offers(staff_id: int) -> Sequence[Filling]:
    return [
        Filling(
            Promotion,
            {
                "name": one_of("Spring", "Summer", "Winter", "Clearance") + " || ' offer ' || n",
                "kind": one_of("percent", "amount", "buy_get"),
                "lane": one_of("product", "order"),
                "is_active": f"n <= {FEW}",
                "percent": "10",
                "position": "n",
                "needs_code": "true",
                "begins_at": f"{MOMENT} - interval '30 days'",
                "ends_at": f"CASE WHEN n > {FEW} THEN {MOMENT} - interval '20 days' END",
            },
        ),
        Filling(
            Coupon,
            {
                "promotion_id": _row(Promotion),
                "code": "'MADE' || upper(lpad(to_hex(n::bigint * 7919), 10, '0'))",
                "batch": "'batch-' || n / 500",
            },
        ),
        Filling(
            GiftCard,
            {
                "kind": "'card'",
                "code_hash": "md5(n::text)",
                "last_characters": "upper(right(md5(n::text), 4))",
                "currency": "'EUR'",
                "initial_minor": "5000",
                "balance_minor": "2000",
                "is_active": f"NOT ({IS_RARE})",
                "note": "'Goodwill for order ' || n",
            },
        ),
        Filling(
            StripeEvent,
            {
                "stripe_id": "'evt_made' || n",
                "type": one_of("checkout.session.completed", "charge.updated", "refund.updated"),
                "object_id": "'cs_made' || n",
                "body": "'{}'",
                "status": mostly("done", "failed"),
                "livemode": "false",
            },
        ),
        Filling(
            OrderRun,
            {
                "action": one_of("export", "resend"),
                "status": mostly("done", "planned"),
                "user_id": str(staff_id),
                "finished_at": MOMENT,
            },
            per_order=0.1,
        ),
    ]


def _payments(staff_id: int) -> Sequence[Filling]:
    return [
        Filling(
            RefundRequest,
            {
                "order_id": _row(Order),
                "key": "gen_random_uuid()",
                "status": mostly("approved", "waiting"),
                "currency": "'EUR'",
                "goodwill_minor": "500",
                "total_minor": "500",
                "reason": one_of("damaged", "late", "goodwill"),
                "asked_by_id": str(staff_id),
                "decided_at": f"CASE WHEN NOT ({IS_RARE}) THEN {MOMENT} END",
            },
            per_order=0.05,
        ),
        Filling(
            Dispute,
            {
                "stripe_id": "'du_made' || n",
                "payment_id": _row(Payment),
                "status": mostly("won", "needs_response"),
                "reason": one_of("fraudulent", "product_not_received"),
                "currency": "'EUR'",
                "amount_minor": "500",
                "closed_at": f"CASE WHEN NOT ({IS_RARE}) THEN {MOMENT} END",
            },
            per_order=0.002,
        ),
        Filling(
            Payout,
            {
                "stripe_id": "'po_made' || n",
                "status": mostly("paid", "failed"),
                "amount_minor": "500000",
                "currency": "'EUR'",
                "arrives_on": "current_date - n::int",
                "is_itemized": "true",
            },
            per_order=0.001,
        ),
        Filling(
            BalanceTransaction,
            {
                "stripe_id": "'txn_made' || n",
                "type": one_of("charge", "refund", "adjustment"),
                "source": "'ch_made' || n",
                "amount_minor": "5000",
                "fee_minor": "100",
                "net_minor": "4900",
                "currency": "'EUR'",
                "payment_id": _row(Payment),
                "payout_id": _row(Payout),
            },
        ),
    ]


def _moments(model: type[Model]) -> dict[str, str]:
    """The required times of the model, a minute earlier for each row."""
    return {
        field.column: MOMENT
        for field in model._meta.concrete_fields
        if isinstance(field, DateTimeField) and not field.null
    }


def fill_desk(orders: int) -> dict[str, int]:
    """Fill all other lists as a shop with so many orders has them; return the number of rows of each table.

    Each table is filled in one transaction, so that a run that was interrupted continues with the next one.
    """
    staff = Staff.objects.filter(is_staff=True).first() or User.objects.create_superuser("owner@example.com")
    for number in (1, 2):
        Location.objects.get_or_create(code=f"made-{number}", defaults={"name": f"Made-up place {number}"})
    written = {}
    for position in range(len(fillings(staff.pk))):
        filling = fillings(staff.pk)[position]  # read again, because it counts the rows of those before it
        table = filling.model._meta.db_table
        rows = filling.rows(orders)
        if _is_filled(filling, rows):
            continue
        with transaction.atomic(), indexes_built_last([table], is_worth_it=rows > WORTH_IT):
            without_row_triggers()
            columns = {**_moments(filling.model), **filling.columns}
            written[table] = insert(filling.model, filling.source.format(rows=rows), **columns)
        set_sequence(table)
        with connection.cursor() as cursor:
            if filling.model is ProductImage:
                cursor.execute(HAVE_PICTURES)
                cursor.execute("VACUUM ANALYZE catalog_product")
            cursor.execute(f'VACUUM ANALYZE "{table}"')
    return written


def _is_filled(filling: Filling, rows: int) -> bool:
    """Whether an earlier run has filled the table. Lines of documents are filled with three for each document."""
    least = rows if filling.source == SERIES else 3 * FEW
    return filling.model._base_manager.order_by()[:least].count() >= least
