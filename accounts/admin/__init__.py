"""The admin of accounts: customers, staff, invitations and groups of customers."""

from accounts.admin import staff, users  # noqa: F401  (each registers its models)
