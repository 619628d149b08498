from django.urls import path, re_path

from catalog.views import feeds, listings, products, texts

app_name = "catalog"

urlpatterns = [
    path("", listings.home, name="home"),
    path("c/sale/", listings.sale, name="sale"),
    re_path(r"^c/(?P<path>[^/]+(?:/[^/]+)*)/$", listings.category, name="category"),
    path("collections/<str:slug>/", listings.collection, name="collection"),
    path("p/<str:slug>/", products.product, name="product"),
    path("search/", listings.search, name="search"),
    path("suggest/", listings.suggest, name="suggest"),
    re_path(r"^(?P<section>help|about)/(?P<slug>[-\w]+)/$", texts.text, name="page"),
    re_path(r"^(?P<section>legal)/(?P<slug>[-\w]+)/$", texts.legal_text, name="page"),
    re_path(
        r"^(?P<section>legal)/(?P<slug>[-\w]+)/versions/(?P<version_id>[0-9]{1,9})/$",
        texts.text_version,
        name="page_version",
    ),
    path("swatches.css", texts.swatches, name="swatches"),
    path("favicon.ico", texts.favicon, name="favicon"),
    path("sitemap.xml", feeds.sitemap_index, name="sitemap_index"),
    path("sitemap-<str:section>-<int:number>.xml", feeds.sitemap, name="sitemap"),
    path("feeds/google.xml", feeds.google, name="google_feed"),
    path("robots.txt", feeds.robots, name="robots"),
]
