"""A browser without JavaScript: cookies, links and forms over real HTTP."""

import http.client
import re
import urllib.parse
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID_TYPES = {"submit", "button"}


@dataclass
class Form:
    """A form of a page, with the values that a browser would send."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """Collects forms as HTML defines their submission; buttons send nothing unless pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self._select: str | None = None
        self._first_option: str | None = None
        self._link: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: C901
        a = dict(attrs)
        if tag == "form":
            self.forms.append(Form(a.get("action", ""), a.get("method", "get").lower()))
        elif tag == "a" and "href" in a:
            self._link, self._text = a["href"], ""
        elif not self.forms:
            return
        elif tag == "input" and a.get("name"):
            kind = a.get("type", "text")
            if kind in VOID_TYPES or (kind in ("checkbox", "radio") and "checked" not in a):
                return
            self.forms[-1].fields.append((a["name"], a.get("value") or ""))
        elif tag == "select":
            self._select, self._first_option = a.get("name"), None
        elif tag == "option" and self._select and (self._first_option is None or "selected" in a):
            self._first_option = a.get("value", "")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select and self.forms:
            self.forms[-1].fields.append((self._select, self._first_option or ""))
            self._select = None
        elif tag == "a" and self._link is not None:
            self.links.append((self._text.strip(), self._link))
            self._link = None


@dataclass
class Answer:
    """What came back, after all redirects."""

    url: str
    status: int
    headers: http.client.HTTPMessage
    text: str
    trail: list[str]

    def _parsed(self) -> _Forms:
        parser = _Forms()
        parser.feed(self.text)
        return parser

    def form(self, action: str) -> Form:
        """The form whose action ends so."""
        for form in self._parsed().forms:
            if (form.action or urllib.parse.urlsplit(self.url).path).endswith(action):
                return form
        raise LookupError(f"no form to {action} on {self.url}")

    def link(self, words: str) -> str:
        for text, href in self._parsed().links:
            if words in text:
                return urllib.parse.urljoin(self.url, href)
        raise LookupError(f"no link '{words}' on {self.url}")


class Shopper:
    """Cookies by host, as a browser keeps them."""

    def __init__(self, base: str, address: str = "127.0.0.1") -> None:
        self.base = base
        self.address = address  # where the connections come from: any address of the loopback network
        self.cookies: dict[str, dict[str, str]] = {}
        self.page: Answer | None = None

    def get(self, url: str) -> Answer:
        return self._follow("GET", urllib.parse.urljoin(self.page.url if self.page else self.base, url), None)

    def submit(self, form: Form, button: tuple[str, str] | None = None, **changes: str) -> Answer:
        """Send a form with some fields changed, by a button if it has a name."""
        assert self.page
        fields = [(name, changes.get(name, value)) for name, value in form.fields]
        fields += [(name, value) for name, value in changes.items() if name not in dict(form.fields)]
        if button:
            fields.append(button)
        target = urllib.parse.urljoin(self.page.url, form.action)
        if form.method == "get":
            return self._follow("GET", f"{target}?{urllib.parse.urlencode(fields)}", None)
        return self._follow("POST", target, urllib.parse.urlencode(fields).encode())

    def _follow(self, method: str, url: str, body: bytes | None) -> Answer:
        trail = []
        for _ in range(10):
            status, headers, text = self._once(method, url, body)
            trail.append(f"{status} {url}")
            if status not in (301, 302, 303, 307, 308):
                self.page = Answer(url, status, headers, text, trail)
                return self.page
            url = urllib.parse.urljoin(url, headers["Location"])
            if status not in (307, 308):
                method, body = "GET", None
        raise LookupError(f"redirects without end: {trail}")

    def once(self, method: str, url: str, form: dict[str, str]) -> tuple[int, str]:
        """Send one form without following its answer; return the status and where the answer leads."""
        status, headers, _text = self._once(method, url, urllib.parse.urlencode(form).encode())
        return status, headers["Location"] or ""

    def _connection(self, parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
        source = (self.address, 0) if self.address != "127.0.0.1" else None
        return http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=20, source_address=source)

    def _once(self, method: str, url: str, body: bytes | None) -> tuple[int, http.client.HTTPMessage, str]:
        parts = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
        if body is not None:
            origin = urllib.parse.urlsplit(self.page.url if self.page else url)
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"{origin.scheme}://{origin.netloc}",
                "Referer": self.page.url if self.page else url,
            }
        connection = self._connection(parts)
        try:
            connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            value = rest.split(";")[0]
            if re.search(r"max-age=0\b", cookie, re.IGNORECASE) or not value.strip('"'):
                jar.pop(name, None)
            else:
                jar[name] = value
        return answer.status, answer.headers, text
