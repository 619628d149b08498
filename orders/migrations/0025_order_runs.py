"""Saved views of the order list, and runs of an action over many orders."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0024_customers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ["-placed_at"],
                "permissions": [
                    ("ship_order", "Can ship orders"),
                    ("cancel_order", "Can cancel orders"),
                    ("edit_order", "Can correct addresses and e-mail addresses of orders"),
                    ("note_order", "Can add notes to orders"),
                    ("mail_order", "Can send the e-mails of orders again"),
                    ("export_order", "Can export orders"),
                    ("see_customer_order", "Can see customers and their addresses in orders"),
                    ("see_evidence_order", "Can see the IP address from which the terms were accepted"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("action", models.CharField(max_length=20)),
                (
                    "status",
                    models.CharField(
                        choices=[("planned", "Not started"), ("waiting", "In progress"), ("done", "Done")],
                        default="planned",
                        max_length=7,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("claimed_until", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="OrderRunRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("", "Waiting"), ("done", "Done"), ("refused", "Not done")],
                        default="",
                        max_length=7,
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=300)),
                (
                    "order",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.order"),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rows", to="orders.orderrun"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                (
                    "query",
                    models.CharField(help_text="The part of the list's URL after the question mark.", max_length=500),
                ),
                (
                    "is_shared",
                    models.BooleanField(
                        default=False,
                        help_text="Whether everybody who may see orders sees this view.",
                        verbose_name="shared",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "permissions": [("share_savedview", "Can share saved views of orders, and delete shared ones")],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="orderrun",
            index=models.Index(condition=models.Q(("status", "waiting")), fields=["id"], name="order_run_waiting"),
        ),
        migrations.AddConstraint(
            model_name="orderrunrow",
            constraint=models.UniqueConstraint(fields=("run", "order"), name="order_run_row_once"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="saved_view_name"),
        ),
    ]
