"""Retrieve objects, expand their fields, and list them page by page."""

from collections.abc import Callable
from typing import Any

from payments.sandbox.backend import Backend, Call
from payments.sandbox.parameters import ANY, RETRIEVE, Refusal, Shape, whole_number
from payments.sandbox.store import COMPARISONS, Thing

LIST: Shape = {"limit": None, "starting_after": None, "ending_before": None, "created": ANY, "expand": ANY}
MAX_PAGE = 100
# Fields that are named differently in lists than in objects.
STORED_NAMES = {"payout": "_payout"}


def reading_calls(path: str, kind: str, filters: tuple[str, ...] = (), ranges: tuple[str, ...] = ()) -> list[Call]:
    """Return the two calls that read a kind: its list and one object."""
    shape = {**LIST, **dict.fromkeys(filters), **dict.fromkeys(ranges, ANY)}
    return [
        Call("GET", path, shape, lister(path, kind, filters, ranges)),
        Call("GET", f"{path}/{{}}", RETRIEVE, retriever(kind)),
    ]


def retriever(kind: str) -> Callable[..., Thing]:
    def retrieve(backend: Backend, parameters: dict[str, Any], name: str) -> Thing:
        return backend.show(backend.get(kind, name))

    return retrieve


def lister(path: str, kind: str, filters: tuple[str, ...] = (), ranges: tuple[str, ...] = ()) -> Callable[..., Thing]:
    def listed(backend: Backend, parameters: dict[str, Any]) -> Thing:
        chosen = {STORED_NAMES.get(name, name): parameters[name] for name in filters if name in parameters}
        return list_page(backend, path, kind, parameters, chosen, ("created", *ranges))

    return listed


def list_page(
    backend: Backend,
    path: str,
    kind: str,
    parameters: dict[str, Any],
    filters: dict[str, Any],
    ranges: tuple[str, ...] = ("created",),
) -> Thing:
    """Return one page of a list as the parameters ask for it."""
    limit = whole_number(parameters, "limit", 10)
    if not 1 <= limit <= MAX_PAGE:
        raise Refusal(400, f"Invalid limit: {limit} must be between 1 and {MAX_PAGE}", param="limit")
    after, before = parameters.get("starting_after", ""), parameters.get("ending_before", "")
    for cursor in filter(None, (after, before)):
        backend.get(kind, cursor)
    chosen = {name: _bounds(name, parameters[name]) for name in ranges if name in parameters}
    found = backend.store.select(kind, limit=limit + 1, after=after, before=before, filters=filters, ranges=chosen)
    has_more = len(found) > limit
    page = found[-limit:] if before else found[:limit]
    return {
        "object": "list",
        "data": [backend.show(thing) for thing in page],
        "has_more": has_more,
        "url": f"/v1/{path}",
    }


def _bounds(name: str, value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        return {"gte": whole_number({name: value}, name), "lte": whole_number({name: value}, name)}
    for bound in value:
        if bound not in COMPARISONS:
            raise Refusal(400, f"Received unknown parameter: {name}[{bound}]", code="parameter_unknown")
    return {bound: whole_number(value, bound) for bound in value}


def expand(backend: Backend, thing: Thing, paths: Any) -> None:
    """Replace ids by their objects along paths like `payment_intent.latest_charge` or `data.source`."""
    for path in paths if isinstance(paths, list) else [paths]:
        _expand(backend, thing, path.split("."))


def _expand(backend: Backend, thing: Thing, path: list[str]) -> None:
    first, *rest = path
    if first not in thing:
        raise Refusal(400, f"This property cannot be expanded ({first}).", param="expand")
    if isinstance(thing[first], list):
        thing[first] = [_expanded(backend, entry, rest) for entry in thing[first]]
    else:
        thing[first] = _expanded(backend, thing[first], rest)


def _expanded(backend: Backend, value: Any, rest: list[str]) -> Any:
    if isinstance(value, str):
        found = backend.store.find(value)
        value = backend.show(found) if found else value
    if isinstance(value, dict) and rest:
        _expand(backend, value, rest)
    return value
