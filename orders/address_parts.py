"""The parts of an address in a form: named, ordered, required and cleaned as the country writes them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.address_formats import AddressFormat, address_format
from accounts.phones import phone_example, stored_phone

STREET = "Enter a street and number, like Kraanlei 12"


def clean_postcode(text: str, country: str) -> str:
    """A postcode as that country writes it, or ValidationError with what to write; empty stays empty."""
    form = address_format(country)
    try:
        return form.postcode(text)
    except ValueError as error:
        like = f" like {form.postcode_examples[0]}" if form.postcode_examples else ""
        raise ValidationError(f"Enter {form.noun('postcode')}{like}") from error


def clean_phone(text: str, country: str) -> str:
    """A phone number as couriers can dial it, or ValidationError with what to write; empty stays empty."""
    try:
        return stored_phone(text, country)
    except ValueError as error:
        example = phone_example(country)
        raise ValidationError(f"Enter a phone number like {example}, or leave it empty") from error


def _asks_for(part: str, written: AddressFormat) -> str:
    if part == "line1":
        return (
            STREET if written.labels["line1"] == "Street and number" else "Enter a street address, like 12 Main Street"
        )
    return f"{'Choose' if part == 'state' and written.states else 'Enter'} {written.noun(part)}"


def name_parts(form: forms.BaseForm, written: AddressFormat, prefix: str = "") -> None:
    """Call the parts what the country calls them, and offer its states; those with a prefix are of the invoice."""
    for part, label in written.labels.items():
        if f"{prefix}{part}" in form.fields:
            form.fields[f"{prefix}{part}"].label = f"{label} for the invoice" if prefix else label
    if written.states:
        state = form.fields[f"{prefix}state"]
        choices = [("", f"Choose {written.noun('state')}"), *written.state_choices]
        attributes = {name: value for name, value in state.widget.attrs.items() if name != "maxlength"}
        state.widget = forms.Select(choices=choices, attrs=attributes)


def rows_of(written: AddressFormat, prefix: str = "") -> list[list[str]]:
    """The names of the fields below the street, row by row; at most two in a row."""
    rows: list[list[str]] = []
    for row in written.rows:
        names = [prefix + part for part in row]
        rows += [names[:1], names[1:]] if len(names) > 2 else [names]
    return rows


def clean_parts(form: forms.BaseForm, cleaned: dict[str, Any], written: AddressFormat, prefix: str = "") -> None:
    """Keep the parts that the country has, each in its stored form, and ask for those that it requires."""
    ending = " for the invoice" if prefix else ""
    if "city" not in written.parts:
        cleaned[f"{prefix}city"] = ""
    try:
        state = written.state(cleaned.get(f"{prefix}state", ""))
    except ValueError:
        state = ""
        form.add_error(f"{prefix}state", f"Choose {written.noun('state')} from the list")
    postcode = cleaned.get(f"{prefix}postcode", "")
    cleaned[f"{prefix}state"] = state = state or written.state_of(postcode)
    parts = {part: cleaned.get(f"{prefix}{part}", "") for part in ("line1", "city", "postcode", "state")}
    for part in written.missing(parts):
        require(form, cleaned, f"{prefix}{part}", _asks_for(part, written) + ending)
    if written.is_contradiction(state, postcode):
        name = dict(written.state_choices)[state]
        labels = written.labels
        words = f"{postcode} is not in {name}: check the {labels['postcode']} and the {labels['state']}"
        form.add_error(f"{prefix}postcode", words)


def require(form: forms.BaseForm, cleaned: dict[str, Any], name: str, words: str) -> None:
    if not cleaned.get(name) and name not in form.errors:
        form.add_error(name, words)
