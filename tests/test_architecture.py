"""The drawing in docs/architecture.md, kept true by a test."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent

# An app may import itself and the apps named here. Nobody may import shop.
MAY_IMPORT: dict[str, set[str]] = {
    "accounts": set(),
    "catalog": set(),
    "orders": {"accounts", "catalog"},
    "payments": {"orders", "catalog", "accounts"},
    "shop": {"accounts", "catalog", "orders", "payments"},
}

# The floors of an app, from the ground up: a module may import its own floor and the ones below.
FLOORS = {
    "records": {
        "models",
        "errors",
        "money",
        "markets",
        "gateway",
        "fields",
        "clock",
        "languages",
        "mailboxes",
        "address_formats",
        "phones",
        "one_line",
    },
    "doors": {"urls", "views", "api", "admin", "tasks", "signals", "management", "templatetags", "apps"},
}
SANDBOX = "payments.sandbox"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


FILES = {
    module_name(path): path
    for app in MAY_IMPORT
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts
}


@cache
def imported_names(module: str) -> frozenset[str]:
    """Return every dotted name a module imports, inside functions too."""
    return frozenset(_imported_names(module))


def _imported_names(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(FILES[module].read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports out in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def home_of(name: str) -> str | None:
    """Return the project module an imported name lives in, if it is ours."""
    while name and name not in FILES:
        name = name.rpartition(".")[0]
    return name or None


def floor_of(module: str) -> int:
    """Return 0 for records, 2 for doors, 1 for everything between."""
    subject = module.split(".")[1] if "." in module else ""
    if subject in FLOORS["records"]:
        return 0
    return 2 if subject in FLOORS["doors"] else 1


@cache
def arrows() -> dict[str, set[str]]:
    """Return the modules of ours that each module imports."""
    return {
        module: {home for name in imported_names(module) if (home := home_of(name)) and home != module}
        for module in FILES
    }


@pytest.mark.parametrize("module", FILES)
def test_arrows_point_down(module):
    app = module.split(".")[0]
    allowed = MAY_IMPORT[app] | {app}
    assert {target for target in arrows()[module] if target.split(".")[0] not in allowed} == set()


@pytest.mark.parametrize("module", [module for module in FILES if not module.startswith("shop")])
def test_no_floor_imports_the_one_above_it(module):
    app = module.split(".")[0]
    own = {target for target in arrows()[module] if target.startswith(f"{app}.")}
    assert {target for target in own if floor_of(target) > floor_of(module)} == set()


def test_no_circles():
    try:
        TopologicalSorter(arrows()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def unit_of(module: str) -> str:
    """Return the folder of an app that a module is in, or the module if it is in the app's root."""
    return ".".join(module.split(".")[:2])


def test_no_circles_between_the_folders_of_an_app():
    units: dict[str, set[str]] = {}
    for module, targets in arrows().items():
        own = {unit_of(target) for target in targets if target.split(".")[0] == module.split(".")[0]}
        units.setdefault(unit_of(module), set()).update(own - {unit_of(module)})
    try:
        TopologicalSorter(units).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_only_the_gateway_speaks_to_stripe():
    for module in [module for module in FILES if not f"{module}.".startswith("payments.gateway.")]:
        assert "stripe" not in {name.split(".")[0] for name in imported_names(module)}, module


def test_mails_are_written_in_one_place_and_in_accounts():
    writers = {module for module in FILES if "django.core.mail.EmailMultiAlternatives" in imported_names(module)}
    assert writers == {"catalog.emails", "accounts.emails"}


def test_the_sandbox_stands_alone():
    inside = {module for module in FILES if module.startswith(SANDBOX)}
    assert {target for module in inside for target in arrows()[module]} <= inside
    assert {module for module in FILES.keys() - inside if arrows()[module] & inside} == set()


def test_model_relations_point_down():
    upward = []
    for model in apps.get_models():
        app = model._meta.app_label
        if app not in MAY_IMPORT:
            continue
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model:
                target = field.related_model._meta.app_label
                if target not in MAY_IMPORT or target == app or target in MAY_IMPORT[app]:
                    continue
                if field.related_model._meta.label == "accounts.User":  # by settings.AUTH_USER_MODEL only
                    continue
                upward.append(f"{model.__name__}.{field.name} -> {target}")
    assert upward == []


def test_no_module_is_named_for_its_kind():
    kinds = {"services", "utils", "helpers", "actions", "managers", "common", "misc"}
    assert {module for module in FILES if module.split(".")[-1] in kinds} == set()
