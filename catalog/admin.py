"""The catalogue in the admin. Stock and prices are changed by the same verbs as everywhere."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.addresses import free_slug
from catalog.categories import CategoryRefused, create_category, place_category
from catalog.errors import BadImage
from catalog.images import keep_picture
from catalog.importing.apply import default_location
from catalog.inventory import set_on_hand
from catalog.listings import write_listings
from catalog.markets import default_market
from catalog.models import (
    Category,
    Location,
    Option,
    Page,
    Price,
    Product,
    ProductImage,
    Stock,
    StockMovement,
    Store,
    Swatch,
    Variant,
)
from catalog.money import format_money, to_major, to_minor
from catalog.prices import prices_at, set_price
from catalog.rich_text import clean


class ReadOnly:
    """Looked at here, changed by verbs only."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VariantForm(forms.ModelForm):
    """A variant with its price and its stock, as staff think of them."""

    # The page carries what staff saw, so that only what they changed is written.
    price = forms.CharField(
        max_length=16,
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"size": 8, "inputmode": "decimal"}),
    )
    sale_price = forms.CharField(
        max_length=16,
        required=False,
        show_hidden_initial=True,
        widget=forms.TextInput(attrs={"size": 8, "inputmode": "decimal"}),
    )
    on_hand = forms.IntegerField(
        min_value=0,
        max_value=10**8,
        required=False,
        show_hidden_initial=True,
        widget=forms.NumberInput(attrs={"size": 6}),
    )

    class Meta:
        model = Variant
        fields = ("position", "option1", "option2", "option3", "sku", "barcode", "grams", "is_tracked")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            market = default_market()
            price = prices_at([self.instance.pk], market).get(self.instance.pk)
            stock = Stock.objects.filter(variant=self.instance, location=default_location()).first()
            if price:
                self.initial["price"] = str(to_major(price.regular_minor, price.currency))
                if price.is_on_sale:
                    self.initial["sale_price"] = str(to_major(price.amount_minor, price.currency))
            self.initial["on_hand"] = stock.on_hand if stock else None

    def _minor(self, name: str) -> int | None:
        text = self.cleaned_data.get(name, "").replace(",", ".")
        if not text:
            return None
        try:
            minor = to_minor(text, default_market().currency)
        except ValueError as error:
            raise forms.ValidationError("Write an amount like 12.50.") from error
        if minor < 0:
            raise forms.ValidationError("A price cannot be negative.")
        return minor

    def clean_price(self) -> int | None:
        return self._minor("price")

    def clean_sale_price(self) -> int | None:
        return self._minor("sale_price")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        price, sale = cleaned.get("price"), cleaned.get("sale_price")
        if sale is not None and (price is None or sale >= price):
            self.add_error("sale_price", "A sale price is below the price.")
        self._refuse_an_old_count()
        return cleaned

    def _refuse_an_old_count(self) -> None:
        """Somebody bought or counted since the page was opened: the number typed meant another one."""
        seen = self.data.get(self["on_hand"].html_initial_name, "")
        now = self.initial.get("on_hand")
        if "on_hand" in self.changed_data and seen != ("" if now is None else str(now)):
            self.add_error(
                "on_hand", f"The stock is {now} now: it changed while this page was open. Please look again."
            )


class VariantFormSet(BaseInlineFormSet):
    """Saves variants, then their prices and stock through the verbs."""

    user_id: int | None = None

    def save_new(self, form: Any, commit: bool = True) -> Variant:
        return self._with_facts(form, super().save_new(form, commit))

    def save_existing(self, form: Any, obj: Variant, commit: bool = True) -> Variant:
        return self._with_facts(form, super().save_existing(form, obj, commit))

    def _with_facts(self, form: Any, variant: Variant) -> Variant:
        if form.cleaned_data.get("price") is not None and {"price", "sale_price"} & set(form.changed_data):
            set_price(
                variant.pk,
                default_market(),
                regular_minor=form.cleaned_data["price"],
                sale_minor=form.cleaned_data["sale_price"],
            )
        if "on_hand" in form.changed_data and form.cleaned_data.get("on_hand") is not None:
            target = form.cleaned_data["on_hand"]
            set_on_hand(variant.pk, default_location(), target, reason="edited in the admin", user_id=self.user_id)
        return variant


class VariantInline(admin.TabularInline):
    model = Variant
    form = VariantForm
    formset = VariantFormSet
    extra = 0
    show_change_link = False


class OptionInline(admin.TabularInline):
    model = Option
    extra = 0
    max_num = 3


class ImageForm(forms.ModelForm):
    """A picture is taken by its content; its name and sizes are ours."""

    upload = forms.FileField(required=False, help_text="JPEG, PNG or WebP, at most 10 MB.")

    class Meta:
        model = ProductImage
        fields = ("position", "alt")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        upload = cleaned.get("upload")
        if upload:
            try:
                keep_picture(self.instance, upload.read())
            except BadImage as bad:
                self.add_error("upload", str(bad))
        elif not self.instance.pk:
            self.add_error("upload", "Choose a picture.")
        return cleaned


class ImageInline(admin.TabularInline):
    model = ProductImage
    form = ImageForm
    extra = 0
    fields = ("preview", "position", "alt", "upload")
    readonly_fields = ("preview",)

    @admin.display(description="")
    def preview(self, image: ProductImage) -> SafeString | str:
        return thumbnail(image)


def thumbnail(image: ProductImage | None) -> SafeString | str:
    return format_html('<img class="thumb" src="{}" alt="">', image.url) if image and image.file else "–"


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ("picture", "title", "status_badge", "category", "price_range", "stock_sum", "vendor")
    list_display_links = ("picture", "title")
    list_filter = ("status", "category")
    search_fields = ("title", "variants__sku", "variants__barcode")
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("category",)
    inlines = (OptionInline, VariantInline, ImageInline)
    fieldsets = (
        (None, {"fields": ("title", "status", "category", "vendor", "description", "tags", "position")}),
        ("Search engines", {"fields": ("slug", "seo_title", "seo_description"), "classes": ("collapse",)}),
        ("Imports", {"fields": ("handle",), "classes": ("collapse",)}),
    )
    prepopulated_fields = {"slug": ("title",), "handle": ("title",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return (
            super()
            .get_queryset(request)
            .select_related("category")
            .prefetch_related("images", "listings")
            .annotate(on_hand=Sum("variants__stock__on_hand"), held=Sum("variants__stock__reserved"))
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Product | None = None) -> dict:
        return {} if obj else self.prepopulated_fields

    @admin.display(description="")
    def picture(self, product: Product) -> SafeString | str:
        return thumbnail(next(iter(product.images.all()), None))

    @admin.display(description="status", ordering="status")
    def status_badge(self, product: Product) -> str:
        return format_html('<span class="tag tag-{}">{}</span>', product.status, product.status.capitalize())

    @admin.display(description="price")
    def price_range(self, product: Product) -> str:
        listing = next(iter(product.listings.all()), None)
        if not listing:
            return "–"
        lowest = format_money(listing.price_minor, listing.currency)
        if not listing.has_price_range:
            return lowest
        return f"{lowest} – {format_money(listing.highest_price_minor, listing.currency)}"

    @admin.display(description="available")
    def stock_sum(self, product: Product) -> str:
        if product.on_hand is None:
            return "not counted"
        free = product.on_hand - product.held
        return format_html(
            '<span class="tag tag-{}">{}</span>', "out" if free <= 0 else "low" if free <= 5 else "in", free
        )

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        obj.description = clean(obj.description)
        if not obj.slug:
            obj.slug = free_slug(obj.handle or obj.title, obj.pk)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if isinstance(formset, VariantFormSet):
            formset.user_id = request.user.pk
        super().save_formset(request, form, formset, change)

    @transaction.atomic
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        write_listings(Product.objects.filter(pk=form.instance.pk))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Orders and movements point here: a product is archived, not deleted.
        return False


class CategoryForm(forms.ModelForm):
    class Meta:
        model = Category
        fields = ("name", "parent", "slug", "position", "description")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        parent, slug = cleaned.get("parent"), cleaned.get("slug")
        siblings = Category.objects.filter(parent=parent, slug=slug).exclude(pk=self.instance.pk)
        if slug and siblings.exists():
            self.add_error("slug", "There is a category with this address here already.")
        if (
            parent
            and self.instance.pk
            and (parent.pk == self.instance.pk or parent.path.startswith(f"{self.instance.path}/"))
        ):
            self.add_error("parent", "A category cannot hang under itself.")
        return cleaned


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    form = CategoryForm
    list_display = ("name", "path", "position")
    search_fields = ("name", "path")
    ordering = ("path",)
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        """Through the one writer of the tree; the form has refused what it would refuse."""
        try:
            if change:
                place_category(Category.objects.get(pk=obj.pk), parent=obj.parent, slug=obj.slug)
                facts = {"name": obj.name, "position": obj.position, "description": obj.description}
                Category.objects.filter(pk=obj.pk).update(**facts)
                write_listings(Product.objects.filter(Q(category=obj) | Q(category__path__startswith=f"{obj.path}/")))
            else:
                made = create_category(obj.name, obj.parent, slug=obj.slug, description=obj.description)
                obj.pk, obj.path = made.pk, made.path
        except CategoryRefused as refused:
            self.message_user(request, str(refused), "error")


@admin.register(Stock)
class StockAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("variant", "location", "on_hand", "reserved", "free", "backorder_limit", "shortfall")
    list_filter = ("location",)
    list_select_related = ("variant__product", "location")
    search_fields = ("variant__sku", "variant__product__title")
    show_full_result_count = False

    @admin.display(description="available")
    def free(self, stock: Stock) -> int:
        return stock.available


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        "created_at",
        "kind",
        "variant",
        "location",
        "on_hand_change",
        "reserved_change",
        "reference",
        "reason",
        "user",
    )
    list_filter = ("kind", "location")
    list_select_related = ("variant__product", "location", "user")
    search_fields = ("variant__sku", "reference")
    show_full_result_count = False


@admin.register(Price)
class PriceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("variant", "market", "kind", "amount", "valid")
    list_select_related = ("variant__product",)
    search_fields = ("variant__sku", "variant__product__title")
    show_full_result_count = False

    @admin.display(description="amount", ordering="amount_minor")
    def amount(self, price: Price) -> str:
        return format_money(price.amount_minor, price.currency)


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    list_display = ("title", "section", "slug", "updated_at")
    prepopulated_fields = {"slug": ("title",)}

    def save_model(self, request: HttpRequest, obj: Page, form: Any, change: bool) -> None:
        obj.body = clean(obj.body)
        super().save_model(request, obj, form, change)


admin.site.register(Location, list_display=("name", "code", "priority", "is_active"))
admin.site.register(Swatch, list_display=("name", "colour"))
admin.site.register(Store)
