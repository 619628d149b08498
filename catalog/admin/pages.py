"""The admin of pages: their text, with an editor, and its versions."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from catalog.admin.base import guarded, page, require_permission, warn_of_left_out
from catalog.edits.concurrent import SHOWN_VALUES, ConcurrentEditForm
from catalog.edits.history import difference, record_action
from catalog.errors import VersionRefused
from catalog.formats import moment
from catalog.inputs import MomentInput, RichTextInput
from catalog.markets import Market, further_markets
from catalog.models import Page, PageVersion
from catalog.models.page import NEEDED_SLUGS
from catalog.page_versions import PageContent, Texts, cancel_planned, save_page, stored_content
from catalog.rich_text import clean

MAX_DIGITS = 9  # of the number of a version
MAX_VERSIONS = 50  # listed on the page's form


class PageForm(ConcurrentEditForm):
    """The form of a page. It shows what the page says now, or the version that staff chose."""

    begins_at = forms.DateTimeField(
        label="Takes effect",
        required=False,
        widget=MomentInput,
        help_text="Leave this empty to publish the text now. With a time in the future, shoppers keep the present text "
        "until then.",
    )

    class Meta:
        model = Page
        fields = ("title", "section", "slug", "body")
        widgets = {"body": RichTextInput}  # noqa: RUF012  (as Django reads it)
        labels = {"slug": "URL", "body": "Text"}
        help_texts = {
            "slug": "The last part of the page’s URL: small letters and hyphens.",
            "body": "These placeholders are replaced: {{ return_days }}, {{ dispatch_days }}, {{ cut_off }}, "
            "{{ shop_name }}, {{ seller_name }}, {{ contact_email }}, {{ delivery_table }}.",
        }

    chosen: PageContent | None = None  # another version that staff want to edit

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for market in further_markets():
            title, body = text_fields(market)
            self.fields[title] = forms.CharField(label=f"Title, {market.name}", required=False, max_length=200)
            self.fields[body] = forms.CharField(label=f"Text, {market.name}", required=False, widget=RichTextInput)
        if self.instance.pk:
            self._fill(stored_content(self.instance, timezone.now()))
            shown_values = self.snapshot()
            if self.chosen:
                self._fill(self.chosen)
            self.initial[SHOWN_VALUES] = self.snapshot if self.is_bound else shown_values

    def _fill(self, content: PageContent) -> None:
        self.initial |= {"title": content.title, "body": content.body}
        for market in further_markets():
            own = content.texts.get(market.code, {})
            title, body = text_fields(market)
            self.initial |= {title: own.get("title", ""), body: own.get("body", "")}

    def clean_slug(self) -> str:
        return self._kept("slug")

    def clean_section(self) -> str:
        return self._kept("section")

    def _kept(self, name: str) -> str:
        """The typed part of the URL. A page that the shop needs stays where it is."""
        typed, stored = self.cleaned_data[name], self.initial.get(name)
        if self.instance.pk and self.initial.get("slug") in NEEDED_SLUGS and typed != stored:
            raise forms.ValidationError("Without this page at its URL, the shop closes to shoppers. Keep it as it is.")
        return typed

    def clean_body(self) -> str:
        return clean(self.cleaned_data["body"])

    def clean_begins_at(self) -> datetime | None:
        begins_at = self.cleaned_data["begins_at"]
        if begins_at and begins_at <= timezone.now():
            raise forms.ValidationError("This time is over. Leave it empty to publish the text now.")
        return begins_at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for market in further_markets():
            title, body = text_fields(market)
            cleaned[body] = clean(cleaned.get(body, ""))
            if bool(cleaned.get(title)) != bool(cleaned[body]):
                self.add_error(body if cleaned.get(title) else title, "Fill in both title and text, or neither.")
        return cleaned

    @property
    def content(self) -> PageContent:
        """What was typed."""
        return PageContent(self.cleaned_data["title"], self.cleaned_data["body"], self._texts())

    def _texts(self) -> Texts:
        own = {market.code: [self.cleaned_data[name] for name in text_fields(market)] for market in further_markets()}
        return {code: {"title": title, "body": body} for code, (title, body) in own.items() if title}


def text_fields(market: Market) -> tuple[str, str]:
    """The names of the fields with a market's title and text."""
    return f"title_{market.code}", f"body_{market.code}"


@admin.register(Page)
class PageAdmin(admin.ModelAdmin):
    form = PageForm
    list_display = ("title", "section", "path", "updated_at")
    list_filter = ("section",)
    search_fields = ("title", "slug")
    prepopulated_fields = {"slug": ("title",)}
    change_form_template = "admin/catalog/page/change_form.html"

    def has_delete_permission(self, request: HttpRequest, obj: Page | None = None) -> bool:
        """A page that the shop needs can be changed, but not deleted."""
        return super().has_delete_permission(request, obj) and not (obj and obj.is_needed)

    @admin.display(description="URL", ordering="slug")
    def path(self, row: Page) -> str:
        return row.get_absolute_url()

    def get_fieldsets(self, request: HttpRequest, obj: Page | None = None) -> list[tuple[str | None, dict[str, Any]]]:
        if obj and not self.has_change_permission(request, obj):
            return [(None, {"fields": PageForm.Meta.fields})]
        markets = [(market.name, {"fields": text_fields(market)}) for market in further_markets()]
        publishing = ("Publishing", {"fields": ("section", "slug", "begins_at")})
        return [("Text", {"fields": ("title", "body")}), *markets, publishing]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        """The form adds the fields of further markets itself."""
        form = super().get_form(request, obj, change=change, **{**kwargs, "fields": PageForm.Meta.fields})
        number = request.GET.get("version", "")
        if obj and request.method == "GET" and number.isdecimal() and len(number) < MAX_DIGITS:
            version = get_object_or_404(PageVersion, page=obj, number=number)
            form.chosen = PageContent(version.title, version.body, version.texts)
        return form

    def get_urls(self) -> list[URLPattern]:
        return [
            path("<int:pk>/versions/<int:number>/", guarded(self, self.version_view), name="catalog_page_version"),
            path(
                "<int:pk>/versions/<int:number>/cancel/",
                guarded(self, require_POST(self.cancel_view)),
                name="catalog_page_version_cancel",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        extra = {"versions": shown_versions(object_id)} if object_id.isdecimal() else {}
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Page, form: Any, change: bool) -> None:  # noqa: FBT001
        warn_of_left_out(request, form.data.get("body", ""))
        begins_at = form.cleaned_data["begins_at"]
        is_new_text = begins_at or not change or form.content != stored_content(obj_as_stored(obj), timezone.now())
        if not is_new_text:
            obj.save()
            return
        before = stored_content(obj_as_stored(obj), timezone.now()) if change else None
        version = save_page(obj, form.content, author=request.user, begins_at=begins_at)
        if begins_at:
            obj.is_planned = True
            if before:
                sentence = f"Planned version {version.label} for {moment(version.begins_at)}."
                record_action(request, obj, sentence, [difference("Text", before.body, version.body)])
            messages.info(request, f"Version {version.label} is planned for {moment(version.begins_at)}.")

    def response_change(self, request: HttpRequest, obj: Page) -> HttpResponse:
        """Leave out Django's message about a planned version, because the page stays as it is until then."""
        if not getattr(obj, "is_planned", False):
            return super().response_change(request, obj)
        if "_continue" in request.POST:
            return redirect(request.path)
        return self.response_post_save_change(request, obj)

    def version_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Show what a version says in each market."""
        require_permission(request, "catalog.view_page")
        version = get_object_or_404(PageVersion.objects.select_related("page", "author"), page=pk, number=number)
        texts = [
            (market.name, version.texts[market.code]) for market in further_markets() if market.code in version.texts
        ]
        context = {"title": f"{version.title}, version {version.label}", "version": version, "texts": texts}
        return page(self, request, "admin/catalog/page/version.html", context)

    def cancel_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Delete a planned version."""
        require_permission(request, "catalog.change_page")
        version = get_object_or_404(PageVersion.objects.select_related("page"), page=pk, number=number)
        try:
            cancel_planned(version)
        except VersionRefused as refused:
            messages.error(request, str(refused))
        else:
            self.log_change(request, version.page, f"Deleted the planned version {version.label}.")
            messages.success(request, f"The planned version {version.label} was deleted.")
        return redirect("admin:catalog_page_change", pk)


def obj_as_stored(page_row: Page) -> Page:
    """The page as the database has it. The form has already put the typed values into the given one."""
    return Page.objects.get(pk=page_row.pk)


def shown_versions(page_id: str) -> list[dict[str, Any]]:
    """The versions of a page, newest first, each with its state and URLs."""
    now = timezone.now()
    versions = list(PageVersion.objects.filter(page=page_id).select_related("author")[:MAX_VERSIONS])
    current = max(
        (row for row in versions if row.begins_at <= now), key=lambda row: (row.begins_at, row.number), default=None
    )
    return [
        {
            "version": version,
            "is_current": version is current,
            "is_planned": version.begins_at > now,
            "url": reverse("admin:catalog_page_version", args=[page_id, version.number]),
            "cancel_url": reverse("admin:catalog_page_version_cancel", args=[page_id, version.number]),
        }
        for version in versions
    ]
