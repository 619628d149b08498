"""The money of an order: start, settle, refund, cancel, books, reconcile."""
