"""Pages that belong to no app: errors, files, the second factor's picture."""

from pathlib import PurePosixPath

from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import get_totp_secret
from csp.constants import NONE
from csp.decorators import csp
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

PICTURE_TYPES = {".webp": "image/webp"}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Plain words and a way on, instead of Django's technical page."""
    return render(request, "403_csrf.html", status=403)


@csp({"default-src": [NONE], "sandbox": True})
@require_safe
def media(request: HttpRequest, path: str) -> HttpResponse:
    """Pictures that we wrote ourselves, kept for a year by everybody: a new picture has a new name."""
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


@login_required
@require_safe
def totp_picture(request: HttpRequest) -> HttpResponse:
    """The QR code of the second factor being set up; as a file of its own, because the policy allows no data: pictures."""
    secret = get_totp_secret()
    adapter = get_adapter()
    url = adapter.build_totp_url(request.user, secret)
    response = HttpResponse(adapter.build_totp_svg(url), content_type="image/svg+xml")
    response["Cache-Control"] = "private, no-store"
    return response
