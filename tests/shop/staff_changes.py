"""What tests of changes that staff make share: people, pages and the history."""

from django.contrib.admin.models import LogEntry
from django.test import Client

from catalog.edits.history import parts_of
from tests.factories import make_user


def employee(name: str) -> Client:
    client = Client()
    client.force_login(make_user(name=name, is_staff=True, is_superuser=True))
    return client


def url_of(row) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def entries_of(row) -> list[LogEntry]:
    return list(LogEntry.objects.filter(object_id=str(row.pk), content_type__model=row._meta.model_name).order_by("pk"))


def rows_of_entry(entry: LogEntry) -> list[list[str]]:
    return [row for part in parts_of(entry) for row in part["rows"]]
