"""Check that the proxies in front match SHOP_TRUSTED_PROXIES, and log an error that names the setting if not."""

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

LOG_INTERVAL_SECONDS = 600  # between two log lines about the same mistake
SUSPICIOUS_REDIRECTS = 20
# Headers by which proxies tell that the shopper's connection is encrypted.
HTTPS_HEADERS = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Port": "443",
    "Front-End-Https": "on",
}
PLAIN_MESSAGE = "This shop is being set up. Please come back in a few minutes."
NOT_TRUSTED = (
    "A proxy says that the shopper came by https, but SHOP_TRUSTED_PROXIES is 0, so the shop would redirect every "
    "request to https forever. Set SHOP_TRUSTED_PROXIES to the number of your proxies."
)
NO_SCHEME = (
    "SHOP_TRUSTED_PROXIES is %d, but a request came without X-Forwarded-Proto, so the shop would redirect it to "
    "https forever. Make the proxy send it (nginx: proxy_set_header X-Forwarded-Proto $scheme;)."
)
ONLY_HTTP = (
    "All of the first %d requests came as http and were redirected to https. If shoppers come by https, the last "
    "proxy overwrites X-Forwarded-Proto with its own http. Make it pass on the value of the first proxy."
)
NOT_COUNTED = (
    "A request carries X-Forwarded-For, but SHOP_TRUSTED_PROXIES is 0: if your proxy sent it, all shoppers share the "
    "limits of one IP address. Set SHOP_TRUSTED_PROXIES to the number of your proxies."
)
TOO_FEW = (
    "SHOP_TRUSTED_PROXIES is %d, but X-Forwarded-For names %d: either a proxy does not send it (all shoppers then "
    "share the limits of one IP address), or the number is too high (anybody can then forge the header)."
)


def trusted_value(header: str, trusted: int) -> str:
    """Return the value that the outermost trusted proxy wrote into a list; the first one if the list is too short."""
    values = [value.strip() for value in header.split(",") if value.strip()]
    return values[-min(trusted, len(values))] if values and trusted else header.strip()


class ProxyMiddleware:
    """Reduce X-Forwarded-Proto to the trusted value, and answer 503 instead of redirecting forever."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.logged_at: dict[str, float] = {}
        self.redirects = 0
        self.exempt = [re.compile(pattern) for pattern in settings.SECURE_REDIRECT_EXEMPT]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TRUSTED_PROXIES and "X-Forwarded-Proto" in request.headers:
            scheme = trusted_value(request.headers["X-Forwarded-Proto"], settings.TRUSTED_PROXIES)
            request.META["HTTP_X_FORWARDED_PROTO"] = scheme.lower()
        if settings.IS_PRODUCTION and not self._is_exempt(request):
            self._check_forwarded_for(request)
            if settings.SECURE_SSL_REDIRECT and self._would_redirect_forever(request):
                return HttpResponse(PLAIN_MESSAGE, status=503, content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    def _is_exempt(self, request: HttpRequest) -> bool:
        return any(pattern.search(request.path.lstrip("/")) for pattern in self.exempt)

    def _log(self, message: str, *values: int) -> None:
        """Log at most once in ten minutes per process, because a wrong setting affects every request."""
        now = time.monotonic()
        if now - self.logged_at.get(message, -LOG_INTERVAL_SECONDS) >= LOG_INTERVAL_SECONDS:
            self.logged_at[message] = now
            log.error(message, *values)

    def _check_forwarded_for(self, request: HttpRequest) -> None:
        trusted, header = settings.TRUSTED_PROXIES, request.headers.get("X-Forwarded-For", "")
        hops = len([hop for hop in header.split(",") if hop.strip()])
        if hops and not trusted:
            self._log(NOT_COUNTED)
        elif hops < trusted:
            self._log(TOO_FEW, trusted, hops)

    def _would_redirect_forever(self, request: HttpRequest) -> bool:
        if request.is_secure():
            self.redirects = -1  # https works, so redirects from http are no longer suspicious
            return False
        if settings.TRUSTED_PROXIES and "X-Forwarded-Proto" not in request.headers:
            self._log(NO_SCHEME, settings.TRUSTED_PROXIES)
            return True
        if not settings.TRUSTED_PROXIES:
            if any(request.headers.get(name, "").strip().lower() == value for name, value in HTTPS_HEADERS.items()):
                self._log(NOT_TRUSTED)
                return True
            return False
        if self.redirects >= 0:
            self.redirects += 1
            if self.redirects >= SUSPICIOUS_REDIRECTS:
                self._log(ONLY_HTTP, self.redirects)
        return False
