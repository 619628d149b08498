"""Product reviews, and requests for an e-mail when a variant is back in stock."""

from django.db import models
from django.db.models import Q


class Review(models.Model):
    """A review of a product. Shoppers see it after staff have published it. Written by catalog/listings/reviews.py."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        PUBLISHED = "published"
        REJECTED = "rejected"

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="reviews")
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    rating = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120, blank=True)
    text = models.TextField(max_length=4000, blank=True)
    author = models.CharField(max_length=80, help_text="The name that shoppers see.")
    is_verified = models.BooleanField("bought here", default=False, editable=False)
    purchase = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="The order line that proves the purchase. Each line allows one review.",
    )
    reply = models.TextField(max_length=2000, blank=True, help_text="The shop's reply, shown below the review.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="review_one_to_five"),
            models.UniqueConstraint(fields=["purchase"], name="review_once", condition=~Q(purchase="")),
        ]
        indexes = [
            models.Index(fields=["product", "status", "-created_at"]),
            models.Index(fields=["created_at"], name="review_pending", condition=Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.rating}/5: {self.title or self.text[:40]}"


class StockAlert(models.Model):
    """A request for one e-mail when a variant is back in stock. Deleted when the e-mail is sent."""

    variant = models.ForeignKey("catalog.Variant", on_delete=models.CASCADE, related_name="alerts")
    email = models.EmailField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["variant", "email"], name="stock_alert_once")]

    def __str__(self) -> str:
        return f"{self.variant_id}"
