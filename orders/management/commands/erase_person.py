"""Erase what the shop keeps about a person besides orders."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from catalog.formats import listed
from orders.erasing import erase_person


class Command(BaseCommand):
    help = "Delete notes, tags, checkout drafts and stock alerts of an e-mail address. Orders stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the person's e-mail address")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        if User.objects.filter(email__iexact=email.strip()).exists():
            raise CommandError(f"{email} has an account. Delete it in the admin, which erases the rest as well.")
        found = erase_person(email)
        self.stdout.write(f"Erased: {listed(found)}." if found else f"Nothing is stored about {email} besides orders.")
