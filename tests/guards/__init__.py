"""The guards that data depends on when things happen at once. `bin/test --controls` removes them one by one.

Each is a named condition, lock or check of the shop. A guard's function replaces it, and its test must then fail.
"""

from tests.guards import accounts, catalog, orders, payments, row_locks
from tests.guards.registry import GUARDS, remove

__all__ = ["GUARDS", "accounts", "catalog", "orders", "payments", "remove", "row_locks"]
