"""Schemathesis holds the API to its own document: generated questions, good and bad, over every route.

It checks status, content type and shape, and whether what the document allows is taken and what it forbids refused.
"""

from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error, positive_data_acceptance
from schemathesis.core.result import Ok

from tests.demo.api_rig import START
from tui.demo.api import application
from tui.demo.contract.document import OPERATIONS, ROOT
from tui.demo.layout import Layout
from tui.demo.world.scenario import build
from tui.demo.world.world import World

NOWHERE = Path(gettempdir(), "no", "such", "instance")
SCHEMA = schemathesis.openapi.from_asgi(
    "/openapi.json", application(World(build("data-gap", 1, START), lambda: START), Layout(NOWHERE))
)
FOUND: list[Any] = [each.ok() for each in SCHEMA.get_all_operations() if isinstance(each, Ok)]
BESIDE = {
    f"{ROOT}/{route}": (positive_data_acceptance,)
    for route in ("data/repair", "data/refresh", "projects/impact-analysis")
}
"""Left out for some routes: no schema can say that times are in order and symbols known, and they have a 400."""

some = settings(max_examples=12, suppress_health_check=list(HealthCheck))


def name(operation: Any) -> str:
    return f"{operation.method} {operation.path}"


def takes_something(operation: Any) -> bool:
    return bool(operation.path_parameters or operation.query or operation.body)


def ask(operation: Any, mode: GenerationMode) -> None:
    """Every answer is as promised. There is no database here; for that the document has a 503, and no other 5xx."""
    beside = [not_a_server_error, *BESIDE.get(operation.full_path, ())]

    @given(operation.as_strategy(generation_mode=mode))
    @some
    def hold(case: Any) -> None:
        case.call_and_validate(excluded_checks=beside)

    hold()


@pytest.mark.parametrize("operation", FOUND, ids=name)
def test_good_questions_are_taken(operation: Any) -> None:
    ask(operation, GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", [each for each in FOUND if takes_something(each)], ids=name)
def test_bad_questions_are_refused(operation: Any) -> None:
    ask(operation, GenerationMode.NEGATIVE)


def test_every_route_is_asked() -> None:
    asked = {(each.method.upper(), each.full_path) for each in FOUND}
    assert asked == {(operation.method.upper(), ROOT + operation.path) for operation in OPERATIONS}
