"""Back-in-stock alerts."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.limits.throttle import Limit, client_ip
from catalog.inventory.availability import available_by_variant
from catalog.models import Product, Variant
from catalog.pages import STOREFRONT, page
from catalog.products.page import can_be_bought, variant_path
from catalog.products.stock_alerts import ask_for_alert
from orders.forms import MailboxAlertForm
from orders.same_origin import same_origin_post

ASKING = Limit("stock-alert", 20, 3600)


@page(STOREFRONT, is_crawled=False)
@require_POST
@same_origin_post
def stock_alert(request: HttpRequest) -> HttpResponse:
    """Register an e-mail address for an alert when the variant is back in stock; registering twice sends one e-mail.

    A variant that can be bought now is refused, because the e-mail would go out at once to any address a stranger enters.
    """
    form = MailboxAlertForm(request.POST)
    is_valid = form.is_valid()
    variant_id = form.cleaned_data.get("variant") or 0
    variant = Variant.objects.filter(pk=variant_id, is_active=True, product__in=Product.objects.visible()).first()
    if variant is None:
        raise Http404
    if can_be_bought(variant, available_by_variant([variant.pk])):
        return redirect(variant_path(variant))
    context = {"variant": variant, "product": variant.product, "form": form}
    if not is_valid:
        return render(request, "orders/stock_alert.html", context, status=422)
    ASKING.take(client_ip(request))
    ask_for_alert(variant, form.cleaned_data["email"])
    return render(request, "orders/stock_alert.html", {**context, "email": form.cleaned_data["email"]})
