"""PostgreSQL text search configurations for the languages of markets: stemming, and removal of accents."""

# Language → the built-in configuration that ours is based on (migration 0005).
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
PLAIN = "mercer_plain"  # removes accents, without stemming


def search_config(language: str) -> str:
    """The text search configuration of a language. Without a stemmer for it, words are not stemmed."""
    code = language.split("-")[0].lower()
    return f"mercer_{code}" if code in STEMMERS else PLAIN
