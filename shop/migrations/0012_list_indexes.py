"""Indexes for the filters and searches of the desk's lists, so that a rare value is found without reading a table.

Where nearly all rows have the same value, the index holds the others only.
"""

from django.db import migrations

INDEXES = {
    "user_staff": "accounts_user (is_active DESC, name, email) WHERE is_staff",
    "user_inactive": "accounts_user (date_joined DESC, id DESC) WHERE NOT is_active",
    "email_unverified": "account_emailaddress (id) WHERE NOT verified",
    "email_secondary": 'account_emailaddress (id) WHERE NOT "primary"',
    "factor_type": "mfa_authenticator (type, id)",
    "variant_inactive": "catalog_variant (id) WHERE NOT is_active",
    "price_market": "catalog_price (market, id)",
    "price_kind": "catalog_price (kind, id)",
    "review_newest": "catalog_review (created_at DESC, id DESC)",
    "review_status_newest": "catalog_review (status, created_at DESC, id DESC)",
    "review_rating_newest": "catalog_review (rating, created_at DESC, id DESC)",
    "review_verified_newest": "catalog_review (created_at DESC, id DESC) WHERE is_verified",
    "redirect_kind": "catalog_redirect (kind, id)",
    "run_kind": "catalog_run (kind, id)",
    "run_status": "catalog_run (status, id)",
    "order_run_status": "orders_orderrun (status, id)",
    "gift_card_kind": "orders_giftcard (kind, id)",
    "gift_card_currency": "orders_giftcard (currency, id)",
    "gift_card_blocked": "orders_giftcard (id) WHERE NOT is_active",
    "payment_status": "payments_payment (status, id) WHERE status <> 'captured'",
    "payment_method": "payments_payment (method, id)",
    "refund_status": "payments_refund (status, id)",
    "event_status": "payments_stripeevent (status, id) WHERE status <> 'done'",
    "event_type": "payments_stripeevent (type, id)",
    "journal_kind": "payments_journal (kind, id)",
    "mail_status": "shop_mail (status, id) WHERE status <> 'sent'",
    "mail_priority": "shop_mail (priority, id)",
}
# Columns in which words are searched for; see catalog/folding.py.
FOLDED = {
    "attribute_value_folded": ("catalog_attributevalue", "label"),
    "category_name_folded": ("catalog_category", "name"),
    "category_path_folded": ("catalog_category", "path"),
    "count_note_folded": ("catalog_stocktake", "note"),
    "delivery_note_folded": ("catalog_receipt", "delivery_note"),
    "email_address_folded": ("account_emailaddress", "email"),
    "gift_card_note_folded": ("orders_giftcard", "note"),
    "image_alt_folded": ("catalog_productimage", "alt"),
    "promotion_name_folded": ("orders_promotion", "name"),
    "purchase_note_folded": ("catalog_purchaseorder", "note"),
    "purchase_supplier_folded": ("catalog_purchaseorder", "supplier"),
    "receipt_note_folded": ("catalog_receipt", "note"),
    "review_text_folded": ("catalog_review", "text"),
    "review_title_folded": ("catalog_review", "title"),
    "transfer_note_folded": ("catalog_transfer", "note"),
}
STATEMENTS = {
    **INDEXES,
    **{name: f"{table} USING gin (shop_fold({column}) gin_trgm_ops)" for name, (table, column) in FOLDED.items()},
}


class Migration(migrations.Migration):
    dependencies = [
        ("account", "0009_emailaddress_unique_primary_email"),
        ("accounts", "0010_customers"),
        ("catalog", "0029_page_version_values"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("orders", "0028_event_index"),
        ("payments", "0012_reports"),
        ("shop", "0011_report_mail_permission"),
    ]

    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
        for name, columns in STATEMENTS.items()
    ]
    # Without statistics of the folded words, the planner cannot tell rare ones from common ones.
    operations += [
        migrations.RunSQL(f"ANALYZE {table}", "") for table in sorted({table for table, _ in FOLDED.values()})
    ]
