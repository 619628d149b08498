"""Pages that belong to no app: error pages, media files and the QR code of the second factor."""

from http import HTTPStatus
from pathlib import PurePosixPath

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.forms import ActivateTOTPForm
from csp.constants import NONE
from csp.decorators import csp
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.views import defaults
from django.views.decorators.http import require_safe

from catalog.pages import ACCOUNT, SHARED_FILE, page
from catalog.redirects import redirect_target

STAFF_PAGES = ("/admin/", "/staff/")
NOT_READABLE = ("This request could not be read", "Nothing was changed. Go back, check what you typed and try again.")
NOT_ALLOWED = (
    "You cannot open this page",
    "Your role does not include it. Ask an owner of the shop if you need it for your work.",
)
NOT_THERE = ("This page does not exist", "It may have been deleted, or the URL may be mistyped.")
FORM_TOO_OLD = (
    "Please send the form again",
    "The page was open for too long, or you have logged in again since. Go back, reload the page and send the form once "
    "more. Nothing was changed.",
)
PICTURE_TYPES = {".webp": "image/webp", ".png": "image/png"}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a failed CSRF check with a page for shoppers or staff instead of Django's technical one."""
    if is_for_staff(request):
        return staff_error(request, 403, FORM_TOO_OLD)
    return render(request, "403_csrf.html", status=403)


def is_for_staff(request: HttpRequest) -> bool:
    """Return whether to show an error inside the admin: for a logged-in user on a staff page."""
    is_staff_page = request.path_info.startswith(STAFF_PAGES)
    return is_staff_page and getattr(request, "user", None) is not None and request.user.is_authenticated


def staff_error(request: HttpRequest, status: int, message: tuple[str, str]) -> HttpResponse:
    """Render an error page inside the admin. `message` is a title, and a sentence about what to do."""
    title, sentence = message
    icon = "lock" if status == HTTPStatus.FORBIDDEN else "warn"
    context = {**admin.site.each_context(request), "title": title, "sentence": sentence, "icon": icon}
    return render(request, "admin/error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_staff(request):
        return staff_error(request, 400, NOT_READABLE)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_staff(request):
        return staff_error(request, 403, NOT_ALLOWED)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_for_staff(request):
        return staff_error(request, 404, NOT_THERE)
    if target := redirect_target(request):
        return HttpResponsePermanentRedirect(target)
    return defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer 500 with a page that needs no database, since that may be what failed."""
    is_staff_page = request.path_info.startswith(STAFF_PAGES)
    return defaults.server_error(request, "admin/500.html" if is_staff_page else "500.html")


@page(SHARED_FILE)
@csp({"default-src": [NONE], "sandbox": True})
@require_safe
def media(request: HttpRequest, path: str) -> HttpResponse:
    """Serve rendered images. Caches may keep them for a year, because a changed image gets a new name."""
    suffix = PurePosixPath(path).suffix
    if suffix not in PICTURE_TYPES or ".." in path.split("/") or path.startswith("/"):
        raise Http404
    try:
        file = default_storage.open(path)
    except (OSError, ValueError) as error:
        raise Http404 from error
    response = FileResponse(file, content_type=PICTURE_TYPES[suffix])
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@page(ACCOUNT)
@login_required
@require_safe
def totp_picture(request: HttpRequest) -> HttpResponse:
    """Serve the QR code for setting up a second factor as a file, because the CSP forbids data: images."""
    # A bound form keeps the secret of the page that shows this picture; an unbound one would make a new secret.
    secret = ActivateTOTPForm({}, user=request.user).secret
    adapter = get_adapter()
    url = adapter.build_totp_url(request.user, secret)
    response = HttpResponse(adapter.build_totp_svg(url), content_type="image/svg+xml")
    response["Cache-Control"] = "private, no-store"
    return response
