"""Pages of a customer's address book."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.addresses import MAX_ADDRESSES, addresses_of, keep_address, make_default
from accounts.models import Address
from catalog.form_fields import field_rows, shown_field
from catalog.pages import ACCOUNT, page
from orders.address_form import AddressForm


@page(ACCOUNT)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def addresses(request: HttpRequest) -> HttpResponse:
    """List the addresses, with a form to add one."""
    form = AddressForm(request.POST or None, instance=Address(user=request.user))
    kept = addresses_of(request.user.pk)
    if _is_update(request):
        return _page(request, form, kept=kept, is_checked=False)
    if request.method == "POST" and form.is_valid():
        if len(kept) >= MAX_ADDRESSES:
            form.add_error(None, f"You can save at most {MAX_ADDRESSES} addresses. Please delete one first.")
        else:
            keep_address(request.user.pk, form.cleaned_data)
            messages.success(request, "The address was saved.")
            return redirect("orders:addresses")
    return _page(request, form, kept=kept)


@page(ACCOUNT)
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: HttpRequest, pk: int) -> HttpResponse:
    """Change or delete an address, or make it the default."""
    chosen = get_object_or_404(Address, pk=pk, user=request.user)
    if "delete" in request.POST:
        chosen.delete()
        messages.success(request, "The address was deleted.")
        return redirect("orders:addresses")
    if "default" in request.POST:
        make_default(chosen)
        return redirect("orders:addresses")
    form = AddressForm(request.POST or None, instance=chosen)
    if _is_update(request):
        return _page(request, form, chosen=chosen, is_checked=False)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "The address was changed.")
        return redirect("orders:addresses")
    return _page(request, form, chosen=chosen)


def _is_update(request: HttpRequest) -> bool:
    """Return whether only the country was changed, to show its fields without validating the form."""
    return request.method == "POST" and "update" in request.POST


def _page(
    request: HttpRequest,
    form: AddressForm,
    *,
    kept: list[Address] | None = None,
    chosen: Address | None = None,
    is_checked: bool = True,
) -> HttpResponse:
    errors = {name: field_errors[0] for name, field_errors in form.errors.items()} if is_checked else {}
    first = ("name", "company", "line1", "line2")
    order = ["country", *first, *(name for row in form.rows for name in row), "phone"]
    shown = {name: shown_field(form, name, errors, form.format.required) for name in order}
    context = {
        "form": form,
        "kept": kept,
        "chosen": chosen,
        "heading": "Change an address" if chosen else "Your addresses",
        "country": shown["country"],
        "fields": [shown[name] for name in first],
        "rows": field_rows(form.rows, shown),
        "phone": shown["phone"],
        "errors": [("main", errors["__all__"])] if "__all__" in errors else [],
    }
    context["errors"] += [(name, errors[name]) for name in order if name in errors]
    return render(request, "orders/addresses.html", context, status=422 if errors else 200)
