"""The admin of products and variants: list, form and history."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.text import slugify

from catalog.admin.base import (
    found_or_404,
    guarded,
    page,
    staff_author,
    warn_of_left_out,
)
from catalog.admin.products.bulk_edit import bulk_view
from catalog.admin.products.editor import editor_of, inlines_of, sections_of
from catalog.admin.products.facts import SHOWN_TYPE, VALUES, FactsForm, fields_for, type_in
from catalog.admin.products.filters import CategoryFilter, MakerFilter, MissingFilter, PriceFilter, StockFilter
from catalog.admin.products.images import MAX_IMAGES_PER_UPLOAD, PicturesField, append_images, images_view
from catalog.admin.products.market_prices import market_prices_view
from catalog.admin.products.options_form import OPTION_NUMBERS, OptionsForm
from catalog.admin.products.picture import picture_view
from catalog.admin.products.price_time_line import time_line_view
from catalog.admin.products.product_list import ProductChangeList
from catalog.admin.products.variant_generator import variants_view
from catalog.admin.products.variants import MAX_INLINE_VARIANTS, VariantFormSet, VariantInline, repeated_skus
from catalog.edits.log import Place, Wanted, lines_of
from catalog.errors import BadImage, StockRefused
from catalog.folding import folded_words
from catalog.inputs import RichTextInput
from catalog.listings.search import barcodes_of, listed_products
from catalog.markets import default_market, further_markets
from catalog.models import (
    Option,
    Product,
    ProductImage,
    RelatedProduct,
    Variant,
)
from catalog.products.attributes import product_problem
from catalog.products.document import is_priced
from catalog.products.images import store_image
from catalog.products.saving import save_product
from catalog.products.slugs import free_slug

MAX_CODE_MATCHES = 200
NEW_OPTIONS = ("Options", {"fields": [(f"option{n}", f"values{n}") for n in OPTION_NUMBERS]})
NAMES_IN_URLS = {"slug", "handle"}


class ProductForm(OptionsForm, FactsForm):
    """The form of a product, without its calculated fields."""

    pictures = PicturesField(
        required=False, help_text=f"Add pictures: JPEG, PNG or WebP, at most 10 MB each, up to {MAX_IMAGES_PER_UPLOAD}"
    )

    class Meta:
        widgets = {  # noqa: RUF012  (as Django reads it)
            "description": RichTextInput,
            "seo_description": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {"description": "Text, links, lists and tables are kept. Scripts and styles are removed."}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OptionsForm.base_fields if self.instance.pk else ():
            self.fields.pop(name, None)
        if not self.instance.pk:  # made from the title, also without scripts
            for name in NAMES_IN_URLS & set(self.fields):
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.instance.pk and (title := cleaned.get("title")):
            handles = Product.objects.filter(handle__startswith=slugify(title)[:240]).values_list("handle", flat=True)
            unused = free_slug(title, also_taken=set(handles))
            made_from_title = ("", slugify(title)[:255])
            cleaned |= {name: unused for name in NAMES_IN_URLS if cleaned.get(name, "") in made_from_title}
        begins, ends = cleaned.get("publish_at"), cleaned.get("unpublish_at")
        if begins and ends and ends <= begins:
            self.add_error("unpublish_at", "“Visible until” must be after “visible from”.")
        values = cleaned.get("attribute_values")
        if values and (problem := product_problem(cleaned.get("type"), values.select_related("attribute"))):
            self.add_error("attribute_values", problem)
        if not self.errors:
            cleaned["pictures"] = self._stored_pictures(cleaned.get("pictures") or [])
        return cleaned

    def _stored_pictures(self, uploads: Sequence[UploadedFile]) -> list[ProductImage]:
        """Store the chosen files as pictures without a product; those that cannot be read are errors."""
        images = []
        for upload in uploads[:MAX_IMAGES_PER_UPLOAD]:
            image = ProductImage()
            try:
                store_image(image, upload.read())
            except BadImage as bad:
                self.add_error("pictures", f"{(upload.name or '')[:80]}: {bad}")
            else:
                images.append(image)
        return images


class OptionFormSet(BaseInlineFormSet):
    """Options keep their places, because the values of variants follow them. A new one comes in the first free place."""

    def save_new(self, form: Any, commit: bool = True) -> Option:  # noqa: FBT001, FBT002  (Django's signature)
        taken = set(self.instance.options.values_list("position", flat=True))
        form.instance.position = min({*OPTION_NUMBERS} - taken, default=max(OPTION_NUMBERS))
        return super().save_new(form, commit)


class OptionInline(admin.TabularInline):
    model = Option
    formset = OptionFormSet
    template = "admin/catalog/product/option_inline.html"
    fields = ("name", "values")
    readonly_fields = ("values",)
    extra = 0
    max_num = 3

    @admin.display(description="Values")
    def values(self, option: Option) -> str:
        """The values of the option that variants for sale have."""
        if not option.pk:
            return ""
        number = option.product.options.filter(position__lte=option.position).count()
        rows = option.product.variants.filter(is_active=True).values_list(f"option{number}", flat=True)
        return ", ".join(dict.fromkeys(value for value in rows[:MAX_INLINE_VARIANTS] if value))


class RelatedInline(admin.TabularInline):
    model = RelatedProduct
    fields = ("related", "position")
    fk_name = "product"
    extra = 0
    autocomplete_fields = ("related",)
    verbose_name = "related product"
    verbose_name_plural = "goes well with"


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    form = ProductForm
    has_own_history = True  # catalog.products.saving writes it
    list_display = ("title",)  # the rows are drawn by product_list.py
    sortable_by = ()  # the list offers orders of its own
    list_filter = (CategoryFilter, StockFilter, MissingFilter, MakerFilter, PriceFilter)
    list_select_related = ("category",)
    list_per_page = 50
    list_max_show_all = 50
    search_fields = ("title",)
    autocomplete_fields = ("category", "type", "attribute_values")
    inlines = (OptionInline, VariantInline, RelatedInline)
    actions = ("bulk_edit",)
    change_list_template = "admin/catalog/product/change_list.html"
    change_form_template = "admin/catalog/product/change_form.html"
    fieldsets = (
        ("Basics", {"fields": ("title", "description")}),
        ("Pictures", {"fields": ("pictures",)}),
        ("Status", {"fields": ("status", "publish_at", "unpublish_at")}),
        ("Organisation", {"fields": ("category", "vendor", "tags", "position")}),
        (
            "Delivery and returns",
            {"fields": ("dispatch_days", "is_returnable", "return_days"), "classes": ("collapse",)},
        ),
        ("Facts", {"fields": ("type", "attribute_values")}),
        ("Maker and safety", {"fields": ("maker_details", "safety_text"), "classes": ("collapse",)}),
        ("Search engines", {"fields": ("slug", "seo_title", "seo_description")}),
        ("Imports", {"fields": ("handle",), "classes": ("collapse",)}),
    )
    prepopulated_fields = {"slug": ("title",), "handle": ("title",)}

    def get_urls(self) -> list:
        custom = [
            path("<int:product_id>/variants/", guarded(self, self.variants), name="catalog_product_variants"),
            path("<int:product_id>/pictures/", guarded(self, self.images), name="catalog_product_pictures"),
            path(
                "<int:product_id>/pictures/<int:image_id>/", guarded(self, self.picture), name="catalog_product_picture"
            ),
            path("<int:product_id>/prices/<slug:code>/", guarded(self, self.prices), name="catalog_product_prices"),
            path("<int:product_id>/timeline/", guarded(self, self.time_line), name="catalog_product_timeline"),
            path("bulk/", guarded(self, self.bulk), name="catalog_product_bulk"),
        ]
        return custom + super().get_urls()

    def variants(self, request: HttpRequest, product_id: int) -> HttpResponse:
        return variants_view(self, request, found_or_404(Product.objects.not_withdrawn(), str(product_id)))

    def images(self, request: HttpRequest, product_id: int) -> HttpResponse:
        return images_view(self, request, found_or_404(Product.objects.not_withdrawn(), str(product_id)))

    def picture(self, request: HttpRequest, product_id: int, image_id: int) -> HttpResponse:
        product = found_or_404(Product.objects.not_withdrawn(), str(product_id))
        return picture_view(self, request, product, image_id)

    def prices(self, request: HttpRequest, product_id: int, code: str) -> HttpResponse:
        return market_prices_view(self, request, found_or_404(Product.objects.not_withdrawn(), str(product_id)), code)

    def time_line(self, request: HttpRequest, product_id: int) -> HttpResponse:
        return time_line_view(self, request, found_or_404(Product.objects.not_withdrawn(), str(product_id)))

    def bulk(self, request: HttpRequest) -> HttpResponse:
        return bulk_view(self, request)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ProductChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        products = super().get_queryset(request)
        return products if request.GET.get("status__exact") == Product.Status.WITHDRAWN else products.not_withdrawn()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Search by exact SKU or barcode, then by all words in the title, then like the storefront. All use an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        codes = Q(any_case=term.upper()) | Q(barcode__in=[term, *barcodes_of(term)])
        by_code = Variant.objects.annotate(any_case=Upper("sku")).filter(codes)
        ids = list(by_code.values_list("product_id", flat=True)[:MAX_CODE_MATCHES])
        if ids:
            return queryset.filter(pk__in=ids), False
        by_title = queryset.filter(folded_words("title", term.split()[:8]))
        if by_title.exists():
            return by_title, False
        return queryset.filter(pk__in=listed_products(term, default_market(), MAX_CODE_MATCHES)), False

    def get_inlines(self, request: HttpRequest, obj: Product | None) -> tuple:
        is_large = obj is not None and obj.variants.count() > MAX_INLINE_VARIANTS
        hidden = (VariantInline,) if is_large else () if obj else (OptionInline,)
        return tuple(inline for inline in self.inlines if inline not in hidden)

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        """Ask for the attributes of the product's type; without a type, for any."""
        facts = fields_for(type_in(request.POST, obj)) if self._can_save(request, obj) else {}
        names = ("type", *facts, SHOWN_TYPE) if facts else ("type", VALUES)
        if not facts and self._can_save(request, obj):
            names = (*names, SHOWN_TYPE)
        options_of_new = () if obj else (NEW_OPTIONS,)
        return [
            (name, {**options, "fields": names} if name == "Facts" else options)
            for name, options in (*self.fieldsets, *options_of_new)
        ]

    def _can_save(self, request: HttpRequest, obj: Product | None) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    def get_form(self, request: HttpRequest, obj: Product | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        product_type = type_in(request.POST, obj)
        base = kwargs.get("form", self.form)
        facts = {"product_type": product_type, **fields_for(product_type), "__module__": base.__module__}
        return super().get_form(
            request, obj, change=change, **{**kwargs, "form": type(base)("ProductForm", (base,), facts)}
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Product | None = None) -> dict:
        return {} if obj else self.prepopulated_fields

    @admin.action(description="Prices, stock, sale", permissions=["change"])
    def bulk_edit(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponse:
        """Open the bulk edit page with the selected products."""
        ids = ",".join(map(str, queryset.order_by("pk").values_list("pk", flat=True)[:1000]))
        return redirect(f"{reverse('admin:catalog_product_bulk')}?ids={ids}")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict | None = None,
    ) -> HttpResponse:
        """Save nothing, and show the form with the current stock, if stock changed while saving."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except StockRefused as refused:
            messages.error(request, f"Nothing was saved. {refused}")
            return redirect(request.path)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        extra = {}
        if request.user.has_perm("catalog.change_price"):
            plan_url = reverse("admin:catalog_product_timeline", args=[object_id]) if object_id.isdigit() else ""
            extra = {"further_markets": further_markets(), "plan_url": plan_url}
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Product | None = None, **kwargs: Any
    ) -> HttpResponse:
        """Arrange the form's sections in two columns, beside what is known of the product."""
        inlines = inlines_of(context["inline_admin_formsets"])
        context |= {
            "sections": sections_of(list(context["adminform"])),
            "inlines": inlines,
            "variant_inlines": [inlines[name] for name in ("option", "variant") if name in inlines],
        }
        if obj:
            stored = Product.objects.select_related("category").get(pk=obj.pk)  # without what was typed
            context |= {"editor": editor_of(stored, request.user), "is_visible": stored.is_visible(timezone.now())}
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save nothing yet: save_related() saves the product together with what belongs to it."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        if isinstance(formset, VariantFormSet):
            formset.user_id = request.user.pk
            formset.value_combinations = form.value_combinations
        super().save_formset(request, form, formset, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        product = form.instance
        warn_of_left_out(request, product.description)
        save_formsets = partial(super().save_related, request, form, formsets, change)

        def save_parts() -> None:
            for position, (name, _values) in enumerate(form.options, start=1):
                product.options.create(position=position, name=name)
            save_formsets()
            form.save_facts(product)
            append_images(product, form.cleaned_data.get("pictures") or [])

        document = save_product(product, staff_author(request), save_parts)
        if document and product.status == Product.Status.ACTIVE and not is_priced(document):
            messages.warning(request, "Shoppers do not see this product yet, because none of its variants has a price.")
        for sentence in repeated_skus(product):
            messages.warning(request, sentence)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict | None = None) -> HttpResponse:
        product = found_or_404(Product.objects.all(), object_id)
        if not self.has_view_or_change_permission(request, product):
            return super().history_view(request, object_id, extra_context)
        below = Place.read(request.GET.get("below", ""))
        lines, following = lines_of(Wanted([Product], object_id=object_id), below)
        context = {
            "product": product,
            "lines": lines,
            "older_query": urlencode({"below": str(following)}) if following else "",
            "title": f"History of {product}",
        }
        return page(self, request, "admin/catalog/product/history.html", context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Orders and stock movements refer to products, so they are archived instead of deleted.
        return False
