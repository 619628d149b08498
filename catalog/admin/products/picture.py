"""The page of one picture, which the product's page opens in a dialog: text, focus, place, variants, file."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from catalog.admin.base import page, require_permission, staff_author
from catalog.edits.concurrent import ConcurrentEditForm, kept_changes_message
from catalog.edits.history import edits_since
from catalog.errors import BadImage
from catalog.formats import count_of
from catalog.models import Product, ProductImage, Variant
from catalog.products.images import store_image
from catalog.products.saving import recorded_change


class VariantsField(forms.ModelMultipleChoiceField):
    """Checkboxes for the variants of a product, named by their option values."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Variant) -> str:
        return obj.title or obj.sku or str(obj)


class PictureForm(ConcurrentEditForm):
    """One picture, its place among the others, and the variants that show it first."""

    place = forms.TypedChoiceField(coerce=int, help_text="The first picture is shown in lists.")
    variants = VariantsField(
        Variant.objects.none(),
        label="Shown first for",
        required=False,
        help_text="Shoppers who choose one of these variants see this picture.",
    )
    replace = forms.FileField(label="Replace the file", required=False)
    parent_field = "product"

    class Meta:
        model = ProductImage
        fields = ("alt", "focus_x", "focus_y")
        help_texts = {"alt": "What the picture shows, for people who cannot see it."}  # noqa: RUF012  (as Django reads it)

    def __init__(self, *args: Any, ids: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ids = list(ids)
        self.fields["place"].choices = [(place, f"{place} of {len(ids)}") for place in range(1, len(ids) + 1)]
        self.initial["place"] = self.ids.index(self.instance.pk) + 1
        variants = self.instance.product.variants.filter(is_active=True)
        if len(variants) < 2:
            del self.fields["variants"]
        else:
            self.fields["variants"].queryset = variants
            self.initial["variants"] = [variant.pk for variant in variants if variant.image_id == self.instance.pk]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("replace"):
            try:
                store_image(self.instance, cleaned["replace"].read())
            except BadImage as bad:
                self.add_error("replace", str(bad))
        return cleaned

    def save_all(self) -> None:
        """Save the picture, its place and its variants."""
        image = self.save()
        order = [pk for pk in self.ids if pk != image.pk]
        order.insert(self.cleaned_data["place"] - 1, image.pk)
        if order != self.ids:
            positions = {pk: position for position, pk in enumerate(order, start=1)}
            rows = [ProductImage(pk=pk, position=position) for pk, position in positions.items()]
            ProductImage.objects.bulk_update(rows, ["position"])
        if "variants" in self.fields:
            chosen = self.cleaned_data["variants"]
            self.fields["variants"].queryset.filter(image=image).exclude(pk__in=chosen).update(image=None)
            Variant.objects.filter(pk__in=chosen).update(image=image)


@transaction.atomic
def picture_view(model_admin: admin.ModelAdmin, request: HttpRequest, product: Product, image_id: int) -> HttpResponse:
    """Show one picture of the product, save it or delete it, and return to the product."""
    require_permission(request, "catalog.change_productimage")
    if request.method == "POST":  # the form compares what it showed with what is stored until COMMIT
        Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    images = list(product.images.order_by("position", "pk"))
    image = next((image for image in images if image.pk == image_id), None)
    back = f"{reverse('admin:catalog_product_change', args=[product.pk])}#pictures"
    if image is None:
        if request.method != "POST":
            raise Http404
        messages.error(request, "Somebody else has deleted this picture. Nothing was saved.")
        return redirect(back)
    if "delete" in request.POST:
        with recorded_change(product, staff_author(request)):
            image.delete()
        messages.success(request, "The picture was deleted.")
        return redirect(back)
    form = PictureForm(request.POST or None, request.FILES or None, instance=image, ids=[shown.pk for shown in images])
    form.edits_since = partial(edits_since, request)
    if request.method == "POST" and form.is_valid():
        with recorded_change(product, staff_author(request)):
            form.save_all()
        if kept := kept_changes_message([form]):
            messages.warning(request, kept)
        messages.success(request, "The picture was saved.")
        return redirect(back)
    context = {
        "product": product,
        "form": form,
        "image": ProductImage.objects.get(pk=image.pk),  # the stored one, if another file was refused
        "title": f"Picture {form.ids.index(image.pk) + 1} of {len(images)}",
        "shown_for": count_of(product.variants.filter(is_active=True, image=image).count(), "variant"),
        "url": request.path,
        "back": back,
    }
    return page(model_admin, request, "admin/catalog/product/picture_page.html", context, 422 if form.errors else 200)
