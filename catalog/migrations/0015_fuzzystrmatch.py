"""The extension that counts the typos between two words, for the spelling correction of the search."""

from django.contrib.postgres.operations import CreateExtension
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0014_words"),
    ]

    operations = [CreateExtension("fuzzystrmatch")]
