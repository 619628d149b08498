"""All URLs of the shop."""

from django.contrib import admin
from django.urls import include, path

from catalog.pages import ACCOUNT, INTERNAL, with_policy
from shop import views
from shop.desk import views as staff_views
from shop.mail import mailbox
from shop.operations import health

# allauth uses this handler when one of its own limits is reached.
handler429 = "shop.middleware.limits.too_many"
handler400 = "shop.views.bad_request"
handler403 = "shop.views.forbidden"
handler404 = "shop.views.not_found"
handler500 = "shop.views.failed"

urlpatterns = [
    path("healthz", health.alive, name="alive"),
    path("readyz", health.ready, name="ready"),
    with_policy(path("admin/", admin.site.urls), INTERNAL),
    path("account/2fa/totp/picture.svg", views.totp_picture, name="totp_picture"),
    path("staff/as-of/", staff_views.as_of, name="as_of"),
    path("staff/opening/", staff_views.opening, name="opening"),
    path("", include("orders.urls")),
    with_policy(path("account/", include("accounts.urls")), ACCOUNT),
    with_policy(path("account/", include("allauth.urls")), ACCOUNT),
    path("", include("payments.urls")),
    path("media/<path:path>", views.media, name="media"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("mailbox/<int:mail_id>/", mailbox.letter, name="letter"),
    path("mailbox/<int:mail_id>/page/", mailbox.letter_page, name="letter_page"),
    path("", include("catalog.urls")),
]
