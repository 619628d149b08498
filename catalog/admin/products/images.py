"""The page for a product's pictures: uploads, positions, alternative texts and focus points."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import page, require_permission, staff_author
from catalog.edits.concurrent import ConcurrentEditForm, kept_changes_message
from catalog.edits.history import edits_since
from catalog.errors import BadImage
from catalog.models import Product, ProductImage, Variant
from catalog.products.images import store_image
from catalog.products.saving import Author, recorded_change

MAX_IMAGES_PER_UPLOAD = 20


class PicturesInput(forms.FileInput):
    """A file input for several pictures, with a preview of those that are chosen."""

    allow_multiple_selected = True

    def __init__(self) -> None:
        super().__init__({"accept": "image/jpeg,image/png,image/webp", "data-chosen": True})


class PicturesField(forms.FileField):
    """Any number of uploaded pictures. Its value is the list of the files."""

    widget = PicturesInput

    def to_python(self, data: Any) -> Any:
        return [file for upload in data or [] if (file := super(PicturesField, self).to_python(upload))]

    def clean(self, data: Any, initial: Any = None) -> Any:
        return self.to_python(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class ImageForm(ConcurrentEditForm):
    """One picture: position, alternative text and focus. `replace` takes a new file and keeps the rest."""

    parent_field = "product"

    replace = forms.FileField(required=False)
    remove = forms.BooleanField(required=False)

    class Meta:
        model = ProductImage
        fields = ("position", "alt", "focus_x", "focus_y")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("replace"):
            try:
                store_image(self.instance, cleaned["replace"].read())
            except BadImage as bad:
                self.add_error("replace", str(bad))
        return cleaned


ImageFormSet = forms.modelformset_factory(ProductImage, form=ImageForm, extra=0)


def images_view(model_admin: admin.ModelAdmin, request: HttpRequest, product: Product) -> HttpResponse:
    """Add uploaded files, or save the form for the existing pictures. An unreadable file does not stop the others."""
    require_permission(request, "catalog.change_productimage")
    queryset = product.images.order_by("position", "pk")
    if request.method == "POST" and request.FILES.getlist("files"):
        _add_uploads(request, product)
        return redirect("admin:catalog_product_pictures", product.pk)
    formset = ImageFormSet(request.POST or None, request.FILES or None, queryset=queryset)
    for form in formset.forms:
        form.edits_since = partial(edits_since, request)
    if request.method == "POST" and formset.is_valid():
        with recorded_change(product, staff_author(request)):
            _save(formset)
        if kept := kept_changes_message(formset.forms):
            messages.warning(request, kept)
        messages.success(request, "The pictures were saved.")
        return redirect("admin:catalog_product_pictures", product.pk)
    context = {
        "product": product,
        "formset": formset,
        "title": f"Pictures of {product}",
        "max_images": MAX_IMAGES_PER_UPLOAD,
    }
    status = 422 if request.method == "POST" else 200
    return page(model_admin, request, "admin/catalog/product/pictures.html", context, status)


def _add_uploads(request: HttpRequest, product: Product) -> None:
    added = 0
    for upload in request.FILES.getlist("files")[:MAX_IMAGES_PER_UPLOAD]:
        try:
            add_image(product, upload.read(), staff_author(request))
        except BadImage as bad:
            messages.error(request, f"“{upload.name[:80]}” was not added. {bad}")
        else:
            added += 1
    if added:
        messages.success(request, f"{added} picture{'' if added == 1 else 's'} added.")


def add_image(product: Product, content: bytes, author: Author) -> ProductImage:
    """Add a picture after the product's other pictures. Raises BadImage if the content is not a picture."""
    image = ProductImage(product=product)
    store_image(image, content)  # before the product is locked, because it can take seconds
    with recorded_change(product, author):
        append_images(product, [image])
    return image


def append_images(product: Product, images: Sequence[ProductImage]) -> None:
    """Save new pictures after the product's other pictures. Call it while the product is locked."""
    last = product.images.order_by("-position").values_list("position", flat=True).first() or 0
    for position, image in enumerate(images, start=last + 1):
        image.product, image.position = product, position
        image.save()


def _save(formset: Any) -> None:
    for form in formset:
        if form.cleaned_data.get("remove"):
            Variant.objects.filter(image=form.instance).update(image=None)
            form.instance.delete()
        elif form.has_changed():
            form.save()
