"""Adapt the address fields of a form to a country: labels, order, required fields and validation."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.address_formats import AddressFormat, address_format
from accounts.phones import phone_example, stored_phone


def clean_postcode(text: str, country: str) -> str:
    """Return the postcode in the country's own format; an empty text stays empty.

    Raise ValidationError with an example for a text that is not a postcode of that country.
    """
    country_format = address_format(country)
    try:
        return country_format.postcode(text)
    except ValueError as error:
        examples = country_format.postcode_examples
        like = f" like {examples[0]}" if examples else ""
        raise ValidationError(f"Enter {country_format.noun('postcode')}{like}") from error


def clean_phone(text: str, country: str) -> str:
    """Return the phone number in the stored format; an empty text stays empty.

    Raise ValidationError with an example for a text that is not a phone number.
    """
    try:
        return stored_phone(text, country)
    except ValueError as error:
        example = phone_example(country)
        raise ValidationError(f"Enter a phone number like {example}, or leave it empty") from error


def _required_message(part: str, written: AddressFormat, ending: str) -> str:
    """Return the error of a missing part. `ending` says which address is meant."""
    if part == "line1" and written.labels["line1"] == "Street and number":
        return f"Enter a street and number{ending}, like Kraanlei 12"
    if part == "line1":
        return f"Enter a street address{ending}, like 12 Main Street"
    return f"{'Choose' if part == 'state' and written.states else 'Enter'} {written.noun(part)}{ending}"


def localize_fields(form: forms.BaseForm, written: AddressFormat, prefix: str = "") -> None:
    """Label the address fields as the country does, and offer its states as choices.

    `prefix` selects the fields of the invoice address ("billing_").
    """
    for part, label in written.labels.items():
        if f"{prefix}{part}" in form.fields:
            form.fields[f"{prefix}{part}"].label = f"{label} for the invoice" if prefix else label
    if written.states:
        state = form.fields[f"{prefix}state"]
        choices = [("", f"Choose {written.noun('state')}"), *written.state_choices]
        attributes = {name: value for name, value in state.widget.attrs.items() if name != "maxlength"}
        state.widget = forms.Select(choices=choices, attrs=attributes)


def address_rows(written: AddressFormat, prefix: str = "") -> list[list[str]]:
    """Return the names of the fields below the street, row by row, with at most two in a row."""
    rows: list[list[str]] = []
    for row in written.rows:
        names = [prefix + part for part in row]
        rows += [names[:1], names[1:]] if len(names) > 2 else [names]
    return rows


def clean_parts(form: forms.BaseForm, cleaned: dict[str, Any], written: AddressFormat, prefix: str = "") -> None:
    """Bring the address in `cleaned` into its stored form, and add an error for each part that the country requires.

    Parts that the country does not use become empty. `prefix` selects the invoice address ("billing_").
    """
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
        require(form, cleaned, f"{prefix}{part}", _required_message(part, written, ending))
    if written.is_contradiction(state, postcode):
        name = dict(written.state_choices)[state]
        labels = written.labels
        message = f"{postcode} is not in {name}: check the {labels['postcode']} and the {labels['state']}"
        form.add_error(f"{prefix}postcode", message)


def require(form: forms.BaseForm, cleaned: dict[str, Any], name: str, message: str) -> None:
    """Add the message as the field's error if the field is empty and has no error yet."""
    if not cleaned.get(name) and name not in form.errors:
        form.add_error(name, message)
