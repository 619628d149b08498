"""The lists of the desk that are made up, by subject, with the columns of their rows."""

from collections.abc import Sequence

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from accounts.models import Invitation, User
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
from shop.synthetic.desk_values import FEW, IS_RARE, MOMENT, NAME, Filling, mostly, one_of, row_of
from shop.synthetic.people import FIRST_NAMES


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
        Filling(EmailAddress, {"user_id": row_of(User), "email": email, "verified": "n %% 10 > 0", "primary": "true"}),
        Filling(Customer, {"email": email, "tags": f"ARRAY[{one_of('vip', 'trade')}]", "note": "'Calls first.'"}),
        Filling(
            Authenticator,
            {
                "user_id": row_of(User),
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
            {"attribute_id": row_of(Attribute), "slug": "'made-' || n", "label": "'Value ' || n"},
            per_order=0.01,
        ),
        Filling(
            ProductImage,
            {
                "product_id": row_of(Product),
                "alt": "'Picture ' || n || ' of a ' || " + one_of("table", "lamp", "chair"),
                "file": "'made/' || n || '.webp'",
                "width": "800",
                "height": "800",
                "rendered_widths": "ARRAY[400]",
            },
        ),
        Filling(
            Redirect,
            {"kind": "'product'", "old": "'former-' || n", "product_id": row_of(Product)},
        ),
        Filling(
            Review,
            {
                "product_id": row_of(Product),
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
                "object_id": f"{row_of(Product)}::text",
                "object_repr": "'Made-up table ' || n",
                "action_flag": "2",
                "change_message": "'[]'",
            },
        ),
    ]


def _stock(staff_id: int) -> Sequence[Filling]:
    places, user = {"location_id": row_of(Location)}, {"user_id": str(staff_id)}
    key = {"key": "gen_random_uuid()"}
    variant = row_of(Variant, "parent.id * 3")
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
                "purchase_id": f"CASE WHEN n %% 2 = 0 THEN {row_of(PurchaseOrder)} END",
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
                "source_id": row_of(Location),
                "destination_id": row_of(Location, "1"),
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
                "promotion_id": row_of(Promotion),
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
                "order_id": row_of(Order),
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
                "payment_id": row_of(Payment),
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
                "payment_id": row_of(Payment),
                "payout_id": row_of(Payout),
            },
        ),
    ]
