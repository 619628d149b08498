"""Figures of the shop, all of them read from the books, so that they agree with `manage.py audit`."""
