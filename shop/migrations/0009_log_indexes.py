"""Indexes of the admin's log, which is read newest first, by object, and by the words of an object's name."""

from django.db import migrations

INDEXES = {
    "admin_log_newest": "django_admin_log (action_time DESC, id DESC)",
    "admin_log_of_person": "django_admin_log (user_id, action_time DESC, id DESC)",
    "admin_log_of_object": "django_admin_log (content_type_id, object_id, action_time DESC)",
    "admin_log_object_folded": "django_admin_log USING gin (shop_fold(object_repr) gin_trgm_ops)",
}


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("shop", "0008_audit_result"),
    ]

    operations = [
        migrations.RunSQL(f"CREATE INDEX {name} ON {columns}", f"DROP INDEX {name}")
        for name, columns in INDEXES.items()
    ]
