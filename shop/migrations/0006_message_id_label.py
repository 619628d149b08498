from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0005_mail_keeps_text"),
    ]

    operations = [
        migrations.AlterField(
            model_name="mail",
            name="message_id",
            field=models.CharField(max_length=255, unique=True, verbose_name="message ID"),
        ),
    ]
