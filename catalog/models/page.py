"""The texts of the shop, in versions that never change, so that an order can refer to the terms it accepted."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone

NEEDED_SLUGS = ("imprint", "terms", "privacy")  # of the legal pages without which the shop is closed to shoppers


class PageQuerySet(models.QuerySet["Page"]):
    def with_version(self, at: datetime) -> "PageQuerySet":
        """Annotate the pages with the version that applies at this time, as JSON; None if they have no versions."""
        versions = PageVersion.objects.filter(page=OuterRef("pk"), begins_at__lte=at).order_by("-begins_at", "-number")
        json = JSONObject(id="pk", title="title", body="body", texts="texts")
        return self.annotate(version_json=Subquery(versions.values(json=json)[:1]))

    def public(self, at: datetime) -> "PageQuerySet":
        """The pages that have a text at this time. One whose first version is planned for later has none."""
        return self.filter(~Q(body="") | Exists(PageVersion.objects.filter(page=OuterRef("pk"), begins_at__lte=at)))


class Page(models.Model):
    """A text of the shop: help, legal, about. catalog/page_versions.py writes title and body together with a version."""

    class Section(models.TextChoices):
        HELP = "help"
        LEGAL = "legal"
        ABOUT = "about"

    section = models.CharField(max_length=5, choices=Section.choices, default=Section.HELP)
    slug = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField(
        help_text="HTML. Scripts and styles are removed. These placeholders are replaced: "
        "{{ return_days }}, {{ dispatch_days }}, {{ cut_off }}, {{ shop_name }}, {{ seller_name }}, {{ contact_email }}, "
        "{{ delivery_table }}."
    )
    version = models.CharField(max_length=20, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["section", "id"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:page", args=[self.section, self.slug])

    @property
    def is_needed(self) -> bool:
        """Whether the shop is closed to shoppers without this page."""
        return self.slug in NEEDED_SLUGS


class PageText(models.Model):
    """The title and body of a page in one market."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="texts")
    market = models.CharField(max_length=16)
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="HTML. Scripts and styles are removed.")

    class Meta:
        ordering = ["market"]
        constraints = [models.UniqueConstraint(fields=["page", "market"], name="page_text_market")]

    def __str__(self) -> str:
        return self.title


class PageVersion(models.Model):
    """What a page says in all markets from a time on, until a later version begins. Only a planned one may be deleted."""

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    texts = models.JSONField(default=dict, blank=True, help_text="Title and body by code of a market.")
    values = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the placeholders stood for. A change of the settings is a new version.",
    )
    begins_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["page", "number"], name="page_version_number")]
        indexes = [models.Index(fields=["page", "-begins_at"], name="page_version_time")]

    def __str__(self) -> str:
        return f"{self.title}, version {self.label}"

    @property
    def label(self) -> str:
        """`2026-11-27.3`: the day from which it applies, and its number."""
        return f"{timezone.localtime(self.begins_at):%Y-%m-%d}.{self.number}"
