"""The page for a product's pictures: uploads, positions, alternative texts and focus points."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from catalog.admin.base import page, require_permission, staff_author
from catalog.errors import BadImage
from catalog.models import Product, ProductImage, Variant
from catalog.products.images import store_image
from catalog.products.saving import Author, recorded_change

MAX_IMAGES_PER_UPLOAD = 20


class ImageForm(forms.ModelForm):
    """One picture: position, alternative text and focus. `replace` takes a new file and keeps the rest."""

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
    if request.method == "POST" and formset.is_valid():
        with recorded_change(product, staff_author(request)):
            _save(formset)
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
            messages.error(request, f"{upload.name[:80]}: {bad}")
        else:
            added += 1
    if added:
        messages.success(request, f"{added} picture{'' if added == 1 else 's'} added.")


def add_image(product: Product, content: bytes, author: Author) -> ProductImage:
    """Add a picture after the product's other pictures. Raises BadImage if the content is not a picture."""
    image = ProductImage(product=product)
    store_image(image, content)  # before the product is locked, because it can take seconds
    with recorded_change(product, author):
        last = product.images.order_by("-position").values_list("position", flat=True).first() or 0
        image.position = last + 1
        image.save()
    return image


def _save(formset: Any) -> None:
    for form in formset:
        if form.cleaned_data.get("remove"):
            Variant.objects.filter(image=form.instance).update(image=None)
            form.instance.delete()
        elif form.has_changed():
            form.save()
