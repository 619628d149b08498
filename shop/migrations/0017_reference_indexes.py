"""Indexes for references in the books, and for rare reasons and states of refunds."""

from django.db import migrations

INDEXES = {
    "journal_reference": "payments_journal (provider_ref varchar_pattern_ops)",
    "refund_request_status": "payments_refundrequest (status, id)",
    "refund_request_reason": "payments_refundrequest (reason, id)",
}


class Migration(migrations.Migration):
    dependencies = [("payments", "0018_modes_and_risk"), ("shop", "0016_fold_ascii")]

    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
        for name, columns in INDEXES.items()
    ]
