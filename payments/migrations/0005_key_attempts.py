from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_pricing")]

    operations = [
        migrations.AddField("payment", "key_attempt", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField("refund", "key_attempt", models.PositiveIntegerField(default=0, editable=False)),
    ]
