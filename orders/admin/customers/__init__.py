"""The list of people who order, and the page of each."""

from orders.admin.customers.customer import CustomerAdmin

__all__ = ["CustomerAdmin"]
