"""How PostgreSQL takes the words of a language apart: endings off, accents off."""

# Language → PostgreSQL's own configuration that ours is made of (migration 0005).
STEMMERS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "nl": "dutch",
    "es": "spanish",
    "it": "italian",
    "pt": "portuguese",
    "da": "danish",
    "sv": "swedish",
    "nb": "norwegian",
    "fi": "finnish",
    "hu": "hungarian",
    "ro": "romanian",
    "ru": "russian",
    "tr": "turkish",
}
PLAIN = "mercer_plain"  # words as they are typed, only without accents


def search_config(language: str) -> str:
    """The text search configuration of a market's language; words stay whole where PostgreSQL knows no stemmer."""
    code = language.split("-")[0].lower()
    return f"mercer_{code}" if code in STEMMERS else PLAIN
