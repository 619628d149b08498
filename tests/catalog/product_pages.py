"""The product form as a browser sees and sends it."""

import re
from html import unescape

from catalog.markets import default_market
from catalog.models import Variant
from catalog.prices import prices_at


def price_of(variant: Variant) -> int:
    return prices_at([variant.pk], default_market())[variant.pk].amount_minor


def form_of(text: str) -> dict[str, str]:
    """The values that the browser would send for the product form."""
    fields = {}
    for tag in re.findall(r"<(?:input|textarea|select)[^>]*>", text):
        name = re.search(r'name="([^"]+)"', tag)
        if not name or " multiple" in tag or 'type="submit"' in tag or 'type="file"' in tag or "__prefix__" in name[1]:
            continue
        if 'type="checkbox"' in tag and " checked" not in tag:
            continue
        value = re.search(r'value="([^"]*)"', tag)
        fields[name[1]] = unescape(value[1]) if value else "on" if 'type="checkbox"' in tag else ""
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        if chosen := re.search(r'<option value="([^"]*)" selected', options):
            fields[name] = chosen[1]
    fields["status"] = "active"
    return fields


def save(client, product, **changes):
    url = f"/admin/catalog/product/{product.pk}/change/"
    fields = form_of(client.get(url).content.decode())
    answer = client.post(url, {**fields, **changes})
    errors = (
        re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', answer.content.decode(), re.DOTALL)
        if answer.status_code == 200
        else []
    )
    return answer, errors
