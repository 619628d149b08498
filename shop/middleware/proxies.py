"""Whether the proxies in front do what SHOP_TRUSTED_PROXIES says; where they do not, the log names the setting."""

import logging
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

QUIET_SECONDS = 600  # between two lines about the same mistake
SUSPICIOUS_REDIRECTS = 20
# What proxies say when the shopper's own connection is encrypted, whatever the shop is told to believe.
SAYS_HTTPS = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Port": "443",
    "Front-End-Https": "on",
}
PLAIN_WORDS = "This shop is being set up. Please come back in a few minutes."
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


def written_by_ours(header: str, trusted: int) -> str:
    """What our outermost proxy wrote into a list that each proxy adds to; of a list too short, all there is."""
    values = [value.strip() for value in header.split(",") if value.strip()]
    return values[-min(trusted, len(values))] if values and trusted else header.strip()


class ProxyMiddleware:
    """Settle X-Forwarded-Proto, and answer with a plain sentence what would be redirected in circles."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.said_at: dict[str, float] = {}
        self.redirects = 0
        self.exempt = [re.compile(pattern) for pattern in settings.SECURE_REDIRECT_EXEMPT]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.TRUSTED_PROXIES and "X-Forwarded-Proto" in request.headers:
            told = written_by_ours(request.headers["X-Forwarded-Proto"], settings.TRUSTED_PROXIES)
            request.META["HTTP_X_FORWARDED_PROTO"] = told.lower()
        if settings.IS_PRODUCTION and not self._is_exempt(request):
            self._look_at_the_list(request)
            if settings.SECURE_SSL_REDIRECT and self._would_go_in_circles(request):
                return HttpResponse(PLAIN_WORDS, status=503, content_type="text/plain; charset=utf-8")
        return self.get_response(request)

    def _is_exempt(self, request: HttpRequest) -> bool:
        return any(pattern.search(request.path.lstrip("/")) for pattern in self.exempt)

    def _say(self, words: str, *facts: int) -> None:
        """Log at most once in ten minutes for each process: a wrong setting concerns every request."""
        now = time.monotonic()
        if now - self.said_at.get(words, -QUIET_SECONDS) >= QUIET_SECONDS:
            self.said_at[words] = now
            log.error(words, *facts)

    def _look_at_the_list(self, request: HttpRequest) -> None:
        trusted, told = settings.TRUSTED_PROXIES, request.headers.get("X-Forwarded-For", "")
        hops = len([hop for hop in told.split(",") if hop.strip()])
        if hops and not trusted:
            self._say(NOT_COUNTED)
        elif hops < trusted:
            self._say(TOO_FEW, trusted, hops)

    def _would_go_in_circles(self, request: HttpRequest) -> bool:
        if request.is_secure():
            self.redirects = -1  # https has reached us: whoever comes by http is redirected once
            return False
        if settings.TRUSTED_PROXIES and "X-Forwarded-Proto" not in request.headers:
            self._say(NO_SCHEME, settings.TRUSTED_PROXIES)
            return True
        if not settings.TRUSTED_PROXIES:
            if any(request.headers.get(name, "").strip().lower() == value for name, value in SAYS_HTTPS.items()):
                self._say(NOT_TRUSTED)
                return True
            return False
        if self.redirects >= 0:
            self.redirects += 1
            if self.redirects >= SUSPICIOUS_REDIRECTS:
                self._say(ONLY_HTTP, self.redirects)
        return False
