"""Explain how the total of an order was calculated."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.explanation import explain_order
from orders.models import Order
from orders.pricing import can_be_derived, rounding_steps


class Command(BaseCommand):
    help = "Explain how the total of an order was calculated: every price row, discount, tax rate and rounding step."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="the order's number, like HS-7K3M9QXA")

    def handle(self, *args: Any, number: str, **options: Any) -> None:
        order = Order.objects.filter(number=number.strip().upper()).first()
        if not order:
            raise CommandError(f"There is no order {number}.")
        steps = rounding_steps(order.receipt) if can_be_derived(order.receipt) else []
        for line in [*explain_order(order), *steps]:
            self.stdout.write(line)
