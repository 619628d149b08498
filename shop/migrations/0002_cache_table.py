"""The table of the default cache, which holds sign-in limits and so must survive a flushed Redis."""

from django.db import migrations

# As `createcachetable` makes it; here, so that one `migrate` is enough.
TABLE = """
CREATE TABLE shop_cache (
  cache_key varchar(255) NOT NULL PRIMARY KEY,
  value text NOT NULL,
  expires timestamp with time zone NOT NULL
);
CREATE INDEX shop_cache_expires ON shop_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunSQL(TABLE, "DROP TABLE shop_cache")]
