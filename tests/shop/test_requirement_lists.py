"""The lists of hashed requirements are complete, so pip never resolves to a later release."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shop.embedded.state import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTS = {"production": [], "demo": ["demo"], "development": ["demo", "dev", "e2e"]}
Needed = tuple[str, str]  # a package and the extra of it, "" for none


def pins(list_name: str) -> dict[str, str]:
    """Return the version that the list pins for each package."""
    text = (ROOT / f"bin/requirements/{list_name}.txt").read_text()
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^ ;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def direct_requirements(extras: list[str]) -> list[Requirement]:
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in PROJECT["optional-dependencies"][extra])]
    return [Requirement(text) for text in texts if not text.startswith("mercer")]


def requirements_of(name: str, extra: str) -> list[Requirement]:
    found = [Requirement(text) for text in metadata.requires(name) or []]
    return [
        requirement
        for requirement in found
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra})
    ]


def problems(list_name: str, pinned: dict[str, str]) -> list[str]:
    """Walk everything that the project needs and name what the list does not pin, or pins to a version out of range."""
    waiting = direct_requirements(LISTS[list_name])
    seen: set[Needed] = set()
    found = []
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in pinned:
            found.append(f"{name} is not pinned")
            continue
        if not requirement.specifier.contains(pinned[name], prereleases=True):
            found.append(f"{name} {pinned[name]} does not meet {requirement}")
        for needed in {(name, extra) for extra in ("", *requirement.extras)} - seen:
            seen.add(needed)
            waiting += requirements_of(*needed)
    return found


@pytest.mark.parametrize("list_name", LISTS)
def test_a_list_pins_everything_that_its_packages_need(list_name):
    assert problems(list_name, pins(list_name)) == []


def test_an_incomplete_list_is_found():
    pinned = pins("development")
    del pinned["coverage"]
    assert problems("development", pinned) == ["coverage is not pinned"]


def test_a_pin_out_of_range_is_found():
    pinned = pins("production") | {"sqlparse": "0.1"}
    assert problems("production", pinned) == ["sqlparse 0.1 does not meet sqlparse>=0.3.1"]


@pytest.mark.parametrize("list_name", LISTS)
def test_every_pin_has_a_hash(list_name):
    entries = re.split(r"\n(?=\S)", (ROOT / f"bin/requirements/{list_name}.txt").read_text().strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("file", ["bin/setup", "Dockerfile"])
def test_every_installation_takes_a_list_as_it_is(file):
    installs = [line for line in (ROOT / file).read_text().splitlines() if "--require-hashes" in line]
    assert [("--no-deps" in line) for line in installs] == [True]
