"""The catalogue's pages at 1,000, 100,000 and 1,000,000 products, side by side in one run."""

import random
from urllib.parse import quote

from django.test import Client

from accounts.models import User
from catalog.browse import PAGE_SIZE, SORTS, current_listings, in_category
from catalog.markets import default_market
from catalog.models import Category, Listing, SearchTerm
from catalog.synthetic.words import MATERIALS, NOUNS, VERY_COMMON
from shop.benchmarks.probe import measure

DEEP = 2_000  # the page that is far down
VARIETY = 20  # different addresses of each kind


def pages(seed: int) -> dict[str, list[str]]:
    """The addresses of each kind of page; the same kinds at every size."""
    draw = random.Random(seed)  # noqa: S311  (which pages to ask for)
    leaves = list(Category.objects.filter(children=None).order_by("pk"))
    roots = list(Category.objects.filter(parent=None).order_by("pk"))
    slugs = list(current_listings(default_market()).order_by("position").values_list("slug", flat=True)[: VARIETY * 10])
    rare = list(SearchTerm.objects.filter(weight__range=(8, 60)).order_by("pk").values_list("word", flat=True)[:400])
    nouns = sorted(set(NOUNS.values()))
    some_rare = draw.sample(rare, min(VARIETY, len(rare)))
    return {
        "category leaf": [leaf.get_absolute_url() for leaf in draw.sample(leaves, min(VARIETY, len(leaves)))],
        "category root with facets": [root.get_absolute_url() for root in roots],
        "category root, filtered": [
            f"{root.get_absolute_url()}?material=oak&material=ceramic&material=linen&material=steel&material=wool"
            for root in roots
        ],
        "deep page": [_deep(root) for root in roots],
        "product page": [f"/p/{slug}/" for slug in draw.sample(slugs, min(VARIETY, len(slugs)))],
        "search, rare word": [f"/search/?q={quote(word)}" for word in some_rare],
        "search, common word": [f"/search/?q={material.lower()}" for material in MATERIALS],
        "search, very common word": [f"/search/?q={VERY_COMMON}"],
        "search, typing error": [f"/search/?q={quote(_mistyped(word))}" for word in some_rare],
        "autocomplete": [f"/suggest/?q={quote(word[:4])}" for word in some_rare]
        + [f"/suggest/?q={n[:3]}" for n in nouns[:10]],
    }


def _deep(root: Category) -> str:
    """The page so far down, by the link that leads there; in a small category its last full page."""
    listings = in_category(current_listings(default_market()), root)
    order = SORTS["featured"][1]
    count = listings.count()
    page = max(2, min(DEEP, count // PAGE_SIZE))
    before: Listing = listings.order_by(*order.fields)[(page - 1) * PAGE_SIZE - 1]
    return f"{root.get_absolute_url()}?page={page}&after={order.token(before)}"


def _mistyped(word: str) -> str:
    """The word with two letters in the middle the wrong way round."""
    middle = len(word) // 2
    return word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]


def measure_catalog(requests: int, seed: int) -> dict[str, dict[str, float]]:
    """What each kind of page costs in this database."""
    results = {name: measure(Client(), urls, requests).facts() for name, urls in pages(seed).items()}
    owner = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench@example.com")
    staff = Client()
    staff.force_login(owner)
    results["admin product list"] = measure(staff, ["/admin/catalog/product/"], requests).facts()
    results["admin product search"] = measure(staff, ["/admin/catalog/product/?q=MADE-77-1"], requests).facts()
    return results
