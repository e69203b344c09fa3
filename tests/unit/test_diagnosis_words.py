import pytest

from backend.diagnosis.words import names_in, speaks_of


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ("No data for SAP.DE in 2026-11-17..2026-11-19", "data"),
        ("no historical prices for BMW.DE", "data"),
        ("Missing minute bars for ALV.DE", "data"),
        ("insufficient history: 12 of 250 days", "data"),
        ("data for SAP.DE has gaps", "data"),
        ("MissingDataError: SAP.DE", "data"),
        ("worker killed (signal 9)", "memory"),
        ("MemoryError", "memory"),
        ("OSError: [Errno 28] No space left on device", "storage"),
        ("ConnectionResetError: provider feed closed the connection after 3 of 5 symbols", "provider"),
        ("data provider unreachable", "provider"),
        ("psycopg.OperationalError: could not connect to server", "database"),
        ("canceling statement due to statement timeout", "database"),
        ("timed out after 45 minutes", "timeout"),
        ("ZeroDivisionError: float division by zero in research/strategies/vol_target.py:88", "strategy"),
        ("worker lost: engine restarted", "engine"),
        ("something went wrong", None),
        ("", None),
    ],
)
def test_errors_speak_of_their_cause(error: str, cause: str | None) -> None:
    assert speaks_of(error) == cause


def test_symbols_are_found_in_an_error() -> None:
    assert {"SAP.DE", "BRK-B", "^GDAXI"} <= names_in("No data for SAP.DE, BRK-B and ^GDAXI.")
