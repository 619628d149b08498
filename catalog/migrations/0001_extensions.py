"""What the catalogue needs of PostgreSQL: exclusion constraints over plain columns, words without accents."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations

# unaccent() is not immutable, so it cannot stand in an index; as a dictionary of a configuration it can.
CONFIGURATION = """
CREATE TEXT SEARCH CONFIGURATION mercer (COPY = english);
ALTER TEXT SEARCH CONFIGURATION mercer
  ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION mercer"),
    ]
