"""A form field that finds rows by search: pictures and names with checkboxes, and no list of a whole table.

Without scripts, the button “Find” sends the form. The page that shows it again lists what was found; see `wants_preview`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Model, QuerySet
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from catalog.admin.search import MIN_INDEXED, folded_words, pictures_of
from catalog.listings.search import barcodes_of
from catalog.models import Category, Collection, Product, Variant

MAX_FOUND = 12
MAX_QUANTITY = 999
FIND = "_find"  # the name of the buttons “Find”; their value is the name of the field


@dataclass(frozen=True)
class Choice:
    """A row that can be chosen, as the picker shows it."""

    pk: int
    title: str
    detail: str = ""
    picture: dict[str, Any] | None = field(default=None, hash=False)
    quantity: int = 0  # 0 means that no quantity is asked for


@dataclass(frozen=True)
class PickerSource:
    """What a picker finds. `rows` has all rows that can be chosen, and `find` those that match a text."""

    code: str
    noun: str
    rows: Callable[[], QuerySet]
    find: Callable[[QuerySet, str], QuerySet]
    title: Callable[[Any], str] = str
    detail: Callable[[Any], str] = lambda row: ""
    product_id: Callable[[Any], int] | None = None  # of the product whose picture is shown
    public_rows: Callable[[], QuerySet] | None = None  # of products: those that shoppers see

    def for_user(self, user: Any) -> "PickerSource":
        """This source, without drafts for users who may not view products."""
        if not self.public_rows or user.has_perm("catalog.view_product"):
            return self
        return replace(self, rows=self.public_rows)

    def found(self, text: str) -> list[Choice]:
        """The first rows that match the text."""
        text = text.strip()
        return self.choices(self.find(self.rows(), text)[:MAX_FOUND]) if text else []

    def chosen(self, ids: Iterable[Any]) -> list[Choice]:
        """The rows with these ids, in the order in which they were chosen."""
        numbers = [int(pk) for pk in map(str, ids) if pk.isascii() and pk.isdigit() and len(pk) < 19]
        found = {choice.pk: choice for choice in self.choices(self.rows().filter(pk__in=numbers))} if numbers else {}
        return [found[pk] for pk in dict.fromkeys(numbers) if pk in found]

    def choices(self, rows: Iterable[Model]) -> list[Choice]:
        rows = list(rows)
        pictures = pictures_of([self.product_id(row) for row in rows]) if self.product_id else {}
        return [
            Choice(
                row.pk,
                self.title(row),
                self.detail(row),
                pictures.get(self.product_id(row), {}) if self.product_id else None,
            )
            for row in rows
        ]


def _find_products(rows: QuerySet, text: str) -> QuerySet:
    is_indexed = max(map(len, text.split())) >= MIN_INDEXED
    return rows.filter(folded_words("title", text)) if is_indexed else rows.none()


def _find_variants(rows: QuerySet, text: str) -> QuerySet:
    """Variants by a part of their SKU, by their barcode, or of products with these words."""
    if text.isdecimal() and rows.filter(barcode__in=(codes := [text, *barcodes_of(text)])).exists():
        return rows.filter(barcode__in=codes)
    if len(text) < MIN_INDEXED:
        return rows.none()
    if " " not in text and rows.filter(sku__folds=text).exists():
        return rows.filter(sku__folds=text).order_by("sku")
    products = _find_products(Product.objects.not_withdrawn(), text)[:MAX_FOUND]
    return rows.filter(product__in=list(products.values_list("pk", flat=True)))


PRODUCTS = PickerSource(
    "products",
    "products",
    lambda: Product.objects.not_withdrawn().only("title", "status"),
    _find_products,
    detail=lambda product: "" if product.status == Product.Status.ACTIVE else product.get_status_display().lower(),
    product_id=lambda product: product.pk,
    public_rows=lambda: Product.objects.filter(status=Product.Status.ACTIVE).only("title", "status"),
)
VARIANTS = PickerSource(
    "variants",
    "products or SKUs",
    lambda: Variant.objects.filter(is_active=True).exclude(product__status="withdrawn").select_related("product"),
    _find_variants,
    detail=lambda variant: variant.sku,
    product_id=lambda variant: variant.product_id,
    public_rows=lambda: Variant.objects.filter(is_active=True, product__status="active").select_related("product"),
)
CATEGORIES = PickerSource(
    "categories",
    "categories",
    lambda: Category.objects.order_by("path"),
    lambda rows, text: rows.filter(folded_words("name", text)),
)
COLLECTIONS = PickerSource(
    "collections", "collections", Collection.objects.all, lambda rows, text: rows.filter(folded_words("name", text))
)


@dataclass(frozen=True)
class _RowOptions:
    """How the rows of a picker are drawn, on its page and for its script."""

    name: str
    is_single: bool
    form: str
    has_quantities: bool

    def context(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": "radio" if self.is_single else "checkbox",
            "form": self.form,
            "has_quantities": self.has_quantities,
            "max_quantity": MAX_QUANTITY,
        }

    def query(self, source: PickerSource) -> dict[str, str]:
        query = {"source": source.code, "name": self.name, "form": self.form}
        query |= {"single": "1"} if self.is_single else {}
        return query | ({"quantities": "1"} if self.has_quantities else {})


class Picker(forms.Widget):
    """A search box, what it found, and what is chosen. `url` answers with rows for `?source=…&term=…`."""

    def __init__(self, source: PickerSource, *, is_single: bool = False, has_quantities: bool = False) -> None:
        super().__init__()
        self.source = source
        self.is_single = is_single
        self.has_quantities = has_quantities
        self.url = ""
        self.term = ""
        self.quantities: dict[int, int] = {}

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        self.term = data.get(find_name(name), "")
        values = data.getlist(name) if isinstance(data, QueryDict) else data.get(name) or []
        if self.has_quantities:
            self.quantities = {int(pk): _quantity(data.get(f"{name}-{pk}")) for pk in values if str(pk).isdecimal()}
        return (values[-1] if values else None) if self.is_single else values

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # nothing chosen sends nothing

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_find" if id_ else ""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = self.build_attrs(self.attrs, attrs)
        ids = value if isinstance(value, list | tuple) else [value]
        chosen = self.source.chosen(pk for pk in ids if pk not in (None, ""))
        taken = {choice.pk for choice in chosen}
        shown = _RowOptions(name, self.is_single, attributes.get("form", ""), self.has_quantities)
        context = {
            **shown.context(),
            "find_name": find_name(name),
            "noun": self.source.noun,
            "url": f"{self.url}?{urlencode(shown.query(self.source))}",
            "term": self.term,
            "id": self.id_for_label(attributes.get("id", "")),
            "described_by": attributes.get("aria-describedby", ""),
            "button": FIND,
            "chosen": [self._with_quantity(choice) for choice in chosen],
            "found": [choice for choice in self.source.found(self.term) if choice.pk not in taken],
        }
        return render_to_string("admin/catalog/picker/picker.html", context)

    def _with_quantity(self, choice: Choice) -> Choice:
        if not self.has_quantities:
            return choice
        return Choice(choice.pk, choice.title, choice.detail, choice.picture, self.quantities.get(choice.pk, 1))


def _quantity(text: Any) -> int:
    """The typed quantity, or 1 for anything else than a number."""
    number = int(text[:6]) if isinstance(text, str) and text.isdecimal() else 1
    return max(1, min(number, MAX_QUANTITY))


def find_name(name: str) -> str:
    """The name of the search box of this field."""
    return f"find_{name}"


def wants_preview(data: Any) -> bool:
    """Whether a form was sent by a button “Find”: it is shown again, without errors, and nothing is saved."""
    return FIND in data


class PickerField(forms.ModelMultipleChoiceField):
    """Several rows, chosen with a picker."""

    def __init__(self, source: PickerSource, *, has_quantities: bool = False, **options: Any) -> None:
        super().__init__(queryset=None, widget=Picker(source, has_quantities=has_quantities), **options)
        self.source = source

    def narrow(self, user: Any) -> None:
        """Offer and accept only what this user may see. Call it on the field of a form, not of its class."""
        self.source = self.widget.source = self.source.for_user(user)
        self.queryset = self.source.rows()

    def __deepcopy__(self, memo: Any) -> "PickerField":
        copy = super().__deepcopy__(memo)
        copy.queryset = self.source.rows()
        return copy


class SinglePickerField(forms.ModelChoiceField):
    """One row, chosen with a picker."""

    def __init__(self, source: PickerSource, **options: Any) -> None:
        super().__init__(queryset=None, widget=Picker(source, is_single=True), **options)
        self.source = source

    def __deepcopy__(self, memo: Any) -> "SinglePickerField":
        copy = super().__deepcopy__(memo)
        copy.queryset = self.source.rows()
        return copy


def picker_rows(source: PickerSource, data: Any) -> str:
    """The rows that a script asks for while somebody types into the search box."""
    shown = _RowOptions(data.get("name", ""), data.get("single") == "1", data.get("form", ""), "quantities" in data)
    context = {**shown.context(), "choices": source.found(data.get("term", ""))}
    return render_to_string("admin/catalog/picker/rows.html", context)


def use_pickers(fields: Iterable[forms.Field], url: str) -> None:
    """Tell the pickers among the fields where their script finds rows."""
    pickers: Sequence[Picker] = [each.widget for each in fields if isinstance(each.widget, Picker)]
    for picker in pickers:
        picker.url = url
