"""The search of the desk: each app contributes where to look.

Each app registers its sources in `AppConfig.ready`, so that nobody needs to know what can be found.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse

MIN_LENGTH = 2
MAX_LENGTH = 100
MAX_HITS = 6  # of one source

User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Hit:
    """Something that was found: its name, one line of facts, its page, and what stands at the end of the line."""

    title: str
    detail: str
    url: str
    picture: Mapping[str, Any] | None = field(default=None, hash=False)  # as `ProductImage.as_json()` returns it
    end: str = ""
    tone: str = ""  # ok, warn, bad or info: the colour of `end`
    is_exact: bool = False  # the text is its number, so its page opens at once


@dataclass(frozen=True)
class Source:
    """A place to look. `find` returns at most MAX_HITS and one more; `url_name` is the list with all of them."""

    code: str
    label: str
    permission: str
    find: Callable[[str, Any], Iterable[Hit]]
    url_name: str = ""


@dataclass(frozen=True)
class Group:
    """What one source found. `more_url` leads to the rest; empty if this is all."""

    label: str
    hits: list[Hit]
    more_url: str = ""


class SearchRegistry:
    """All sources, by code, in the order in which they are shown."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}

    def add(self, *sources: Source) -> None:
        """Register sources. A later source with the same code replaces the former one."""
        self.sources |= {source.code: source for source in sources}

    def found(self, text: str, user: User, order: Iterable[str] = ()) -> list[Group]:
        """Return what this user may see of what matches the text, the sources named in `order` first."""
        text = " ".join(text.split())[:MAX_LENGTH]
        if len(text) < MIN_LENGTH:
            return []
        codes = [code for code in order if code in self.sources]
        sources = [self.sources[code] for code in (*codes, *(code for code in self.sources if code not in codes))]
        allowed = [source for source in sources if not source.permission or user.has_perm(source.permission)]  # type: ignore[union-attr]
        groups = [_group(source, list(source.find(text, user)), text) for source in allowed]
        return [group for group in groups if group.hits]


def _group(source: Source, hits: list[Hit], text: str) -> Group:
    has_more = len(hits) > MAX_HITS and source.url_name
    more_url = f"{reverse(source.url_name)}?{urlencode({'q': text})}" if has_more else ""
    return Group(source.label, hits[:MAX_HITS], more_url)


search_sources = SearchRegistry()
