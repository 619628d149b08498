from django.urls import path, re_path

from catalog import views

app_name = "catalog"

urlpatterns = [
    path("", views.home, name="home"),
    path("c/sale/", views.sale, name="sale"),
    re_path(r"^c/(?P<path>[^/]+(?:/[^/]+)*)/$", views.category, name="category"),
    path("p/<str:slug>/", views.product, name="product"),
    path("search/", views.search, name="search"),
    path("suggest/", views.suggest, name="suggest"),
    re_path(r"^(?P<section>help|legal|about)/(?P<slug>[-\w]+)/$", views.page, name="page"),
    path("swatches.css", views.swatches, name="swatches"),
    path("favicon.ico", views.favicon, name="favicon"),
]
