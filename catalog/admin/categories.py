"""The admin of categories, collections, attributes, product types and synonyms."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.views.main import ChangeList
from django.db import transaction
from django.http import HttpRequest

from catalog.admin.base import staff_author, warn_of_left_out
from catalog.inputs import AmountField, RichTextInput
from catalog.listings.words import words_of
from catalog.markets import default_market
from catalog.models import (
    Attribute,
    AttributeValue,
    Category,
    Collection,
    CollectionEntry,
    ProductType,
    Synonym,
)
from catalog.products.attributes import value_problem
from catalog.products.categories import CategoryRefused, create_category
from catalog.products.document import CATEGORY_SEPARATOR, category_names
from catalog.products.images import stored_upload
from catalog.products.saving import recorded_category_change, remove_from_category
from catalog.products.slugs import move_category, remember_deleted_categories
from catalog.rich_text import clean


class CategoryChangeList(ChangeList):
    """Adds the full names, with those of ancestors, to the categories of a page, with two queries."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = category_names([category.pk for category in self.result_list])
        for category in self.result_list:
            category.full_name = names[category.pk]


class CategoryForm(forms.ModelForm):
    class Meta:
        model = Category
        fields = ("name", "parent", "slug", "position", "description", "text", "image", "seo_title", "seo_description")
        widgets = {"text": RichTextInput}  # noqa: RUF012  (as Django reads it)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        parent, slug = cleaned.get("parent"), cleaned.get("slug")
        siblings = Category.objects.filter(parent=parent, slug=slug).exclude(pk=self.instance.pk)
        if slug and siblings.exists():
            self.add_error("slug", "A category with this slug already exists here.")
        is_below = parent and self.instance.pk and f"{parent.path}/".startswith(f"{self.instance.path}/")
        if is_below:
            self.add_error("parent", "A category cannot be moved below itself.")
        return cleaned

    def clean_image(self) -> Any:
        return stored_upload(self.cleaned_data.get("image"))

    def clean_text(self) -> str:
        return clean(self.cleaned_data["text"])


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    form = CategoryForm
    list_display = ("name", "where", "position")
    search_fields = ("name", "path")
    ordering = ("path",)
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CategoryChangeList

    @admin.display(description="inside", ordering="path")
    def where(self, category: Category) -> str:
        return category.full_name.rpartition(CATEGORY_SEPARATOR)[0] or "–"  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save the category through catalog.products.categories, because only that module may change the tree."""
        warn_of_left_out(request, form.data.get("text", ""))
        try:
            if change:
                with recorded_category_change(obj, staff_author(request)):
                    move_category(Category.objects.get(pk=obj.pk), parent=obj.parent, slug=obj.slug)
                    _save_fields(obj)
            else:
                created = create_category(obj.name, obj.parent, slug=obj.slug, description=obj.description)
                obj.pk, obj.path = created.pk, created.path
                _save_fields(obj)
        except CategoryRefused as refused:
            self.message_user(request, str(refused), "error")

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        """Delete the category, remove it from its products with their history, and answer its path with 410 Gone."""
        remove_from_category(obj, staff_author(request))
        remember_deleted_categories([obj.path])
        super().delete_model(request, obj)

    def get_actions(self, request: HttpRequest) -> dict:
        return {}


def _save_fields(category: Category) -> None:
    """Save everything but the path, which only catalog.products.categories changes."""
    category.path = Category.objects.values_list("path", flat=True).get(pk=category.pk)
    category.save(force_update=True)


class EntryInline(admin.TabularInline):
    model = CollectionEntry
    extra = 0
    autocomplete_fields = ("product",)


class CollectionForm(forms.ModelForm):
    """The form of a collection. A collection by rule needs at least one rule."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = default_market().currency
        for name, label in (("rule_min_minor", "Price from"), ("rule_below_minor", "Price below")):
            if name in self.fields:
                self.fields[name] = AmountField(currency=currency, label=f"{label} ({currency})", required=False)

    RULES = ("rule_tag", "rule_vendor", "rule_category", "rule_min_minor", "rule_below_minor", "rule_on_sale")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Collection.Kind.RULE and not any(cleaned.get(name) for name in self.RULES):
            self.add_error(
                "rule_tag", "Enter at least one rule. Without rules, the collection would contain every product."
            )
        return cleaned


@admin.register(Collection)
class CollectionAdmin(admin.ModelAdmin):
    form = CollectionForm
    search_fields = ("name", "slug")
    list_display = ("name", "kind", "is_active", "position")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("rule_category",)
    inlines = (EntryInline,)
    fieldsets = (
        (None, {"fields": ("name", "slug", "kind", "is_active", "position", "description")}),
        (
            "Rule",
            {
                "fields": (
                    ("rule_tag", "rule_vendor"),
                    "rule_category",
                    ("rule_min_minor", "rule_below_minor"),
                    "rule_on_sale",
                ),
                "description": "A product must match every rule that you fill in. Only for collections by rule.",
            },
        ),
        ("Search engines", {"fields": ("seo_title", "seo_description"), "classes": ("collapse",)}),
    )


class ValueForm(forms.ModelForm):
    """A value of an attribute. Unchanged values are not checked, because they may be older than the rules."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        attribute, parts = cleaned.get("attribute"), {name: cleaned.get(name) for name in ("label", "number", "colour")}
        if attribute and self.has_changed() and (problem := value_problem(attribute.kind, **parts)):
            self.add_error(None, problem)
        return cleaned


class ValueInline(admin.TabularInline):
    model = AttributeValue
    form = ValueForm
    extra = 0
    prepopulated_fields = {"slug": ("label",)}


@admin.register(Attribute)
class AttributeAdmin(admin.ModelAdmin):
    list_display = ("name", "code", "kind", "is_facet", "position")
    search_fields = ("name", "code")
    prepopulated_fields = {"code": ("name",)}
    inlines = (ValueInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Attribute | None = None) -> tuple[str, ...]:
        return ("kind",) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Attribute | None = None) -> list[Any]:
        """Put the name first, because the code is made from it."""
        return sorted(super().get_fields(request, obj), key=lambda name: name != "name")


@admin.register(AttributeValue)
class AttributeValueAdmin(admin.ModelAdmin):
    """Registered only for the attribute field of the product form."""

    form = ValueForm
    search_fields = ("label", "attribute__name")
    list_display = ("label", "attribute")
    list_select_related = ("attribute",)
    autocomplete_fields = ("attribute",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(ProductType)
class ProductTypeAdmin(admin.ModelAdmin):
    search_fields = ("name",)
    filter_horizontal = ("attributes",)


class SynonymForm(forms.ModelForm):
    class Meta:
        model = Synonym
        fields = ("words",)

    def clean_words(self) -> list[str]:
        """Normalize the words like the search: lower case without accents."""
        words = list(dict.fromkeys(" ".join(words_of(word)) for word in self.cleaned_data["words"]))
        words = [word for word in words if word]
        if len(words) < 2:
            raise forms.ValidationError("Enter at least two words, separated by commas.")
        return words


@admin.register(Synonym)
class SynonymAdmin(admin.ModelAdmin):
    form = SynonymForm
    list_display = ("__str__",)
    actions = (delete_selected,)
