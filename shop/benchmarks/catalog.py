"""Benchmark of the catalogue's pages, with several numbers of products in one run."""

import random
from urllib.parse import quote

from django.test import Client

from accounts.models import User
from catalog.listings.browse import PAGE_SIZE, SORTS, current_listings, in_category
from catalog.markets import default_market
from catalog.models import Category, Listing, SearchTerm
from shop.benchmarks.probe import measure
from shop.synthetic.words import MATERIALS, NOUNS, VERY_COMMON

DEEP_PAGE = 2_000  # number of a listing page far from the first
VARIETY = 20  # different URLs of each kind of page


def pages(seed: int) -> dict[str, list[str]]:
    """Return the URLs to request for each kind of page."""
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
        "deep page": [_deep_page_url(root) for root in roots],
        "product page": [f"/p/{slug}/" for slug in draw.sample(slugs, min(VARIETY, len(slugs)))],
        "search, rare word": [f"/search/?q={quote(word)}" for word in some_rare],
        "search, common word": [f"/search/?q={material.lower()}" for material in MATERIALS],
        "search, very common word": [f"/search/?q={VERY_COMMON}"],
        "search, typing error": [f"/search/?q={quote(_mistyped(word))}" for word in some_rare],
        "autocomplete": [f"/suggest/?q={quote(word[:4])}" for word in some_rare]
        + [f"/suggest/?q={n[:3]}" for n in nouns[:10]],
    }


def _deep_page_url(root: Category) -> str:
    """Return the URL of the deep page of a category, or of its last full page if it has fewer."""
    listings = in_category(current_listings(default_market()), root)
    order = SORTS["featured"][1]
    count = listings.count()
    page = max(2, min(DEEP_PAGE, count // PAGE_SIZE))
    before: Listing = listings.order_by(*order.fields)[(page - 1) * PAGE_SIZE - 1]
    return f"{root.get_absolute_url()}?page={page}&after={order.token(before)}"


def _mistyped(word: str) -> str:
    """Return the word with the two middle letters swapped."""
    middle = len(word) // 2
    return word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]


def measure_catalog(requests: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the measured costs of each kind of page in this database."""
    results = {name: measure(Client(), urls, requests).summary() for name, urls in pages(seed).items()}
    owner = User.objects.filter(is_superuser=True).first() or User.objects.create_superuser("bench@example.com")
    staff = Client()
    staff.force_login(owner)
    results["admin product list"] = measure(staff, ["/admin/catalog/product/"], requests).summary()
    results["admin product search"] = measure(staff, ["/admin/catalog/product/?q=MADE-77-1"], requests).summary()
    return results
