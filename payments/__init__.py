"""Payments of orders: start, settle, refund and cancel them, keep the ledger, reconcile with Stripe."""
