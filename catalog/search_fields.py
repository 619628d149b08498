"""Searches of the admin in which each field uses an index of its own.

Django's search joins the tables and looks for each word in any field, so that PostgreSQL reads every row.
"""

from collections.abc import Iterable

from django.db.models import Model, Q

from catalog import folding

WHOLE_TEXT = ("startswith", "istartswith", "iexact")  # lookups of the whole search term; others look for each word
MAX_WORDS = 8
MAX_RELATED = 250  # rows of another table that a search looks for


def search_condition(model: type[Model], fields: Iterable[str], text: str) -> Q:
    """The condition that one of these fields has all words of the text. Each name ends in a lookup.

    What other tables hold is looked up there first, in at most MAX_RELATED rows, the newest ones. An e-mail address is
    looked up from its beginning, because nearly all addresses share the parts of their domains.
    """
    words = text.split()[:MAX_WORDS]
    condition = Q()
    for name in fields if words else ():
        condition |= _condition(model, name, words)
    return condition


def _condition(model: type[Model], name: str, words: list[str]) -> Q:
    first, _, rest = name.partition("__")
    field = model._meta.get_field(first)
    if field.is_relation and isinstance(field.related_model, type):
        related = field.related_model._default_manager.filter(_condition(field.related_model, rest, words))
        return Q(**{f"{first}__in": list(related.order_by("-pk").values_list("pk", flat=True)[:MAX_RELATED])})
    if rest in WHOLE_TEXT:
        return Q(**{name: " ".join(words)})
    if first == "email" and len(words) == 1 and "@" in words[0][1:]:
        return Q(email__startswith=words[0].lower())
    if rest.endswith("folds"):
        return folding.folded_words(name.removesuffix("__folds"), words)
    return Q(*(Q(**{name: word}) for word in words))
