"""One way of taking words apart for each language; the history of products is never rewritten."""

from django.db import migrations

from catalog.languages import PLAIN, STEMMERS


def configurations() -> str:
    statements = [
        f"""CREATE TEXT SEARCH CONFIGURATION {PLAIN} (COPY = simple);
            ALTER TEXT SEARCH CONFIGURATION {PLAIN} ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;"""
    ]
    statements += [
        f"""CREATE TEXT SEARCH CONFIGURATION mercer_{code} (COPY = {stemmer});
            ALTER TEXT SEARCH CONFIGURATION mercer_{code}
              ALTER MAPPING FOR hword, hword_part, word WITH unaccent, {stemmer}_stem;"""
        for code, stemmer in STEMMERS.items()
    ]
    return "\n".join([*statements, "DROP TEXT SEARCH CONFIGURATION mercer;"])


def undo() -> str:
    old = """CREATE TEXT SEARCH CONFIGURATION mercer (COPY = english);
             ALTER TEXT SEARCH CONFIGURATION mercer
               ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;"""
    names = [PLAIN, *(f"mercer_{code}" for code in STEMMERS)]
    return old + "".join(f"DROP TEXT SEARCH CONFIGURATION {name};" for name in names)


LEVELS = """
UPDATE catalog_listing SET category1 = category_ids[1], category2 = category_ids[2],
                           category3 = category_ids[3], category4 = category_ids[4];
"""
HISTORY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON catalog_change
  FOR EACH ROW EXECUTE FUNCTION catalog_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_catalogue")]
    operations = [
        migrations.RunSQL(configurations(), undo()),
        migrations.RunSQL(LEVELS, migrations.RunSQL.noop),
        migrations.RunSQL(HISTORY, "DROP TRIGGER append_only ON catalog_change"),
    ]
