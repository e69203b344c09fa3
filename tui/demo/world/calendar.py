"""Trading days: Monday to Friday, holidays left out of the picture."""

from datetime import date, timedelta

WINDOW = 20
"""Trading days that completeness is counted over."""


def is_trading_day(day: date) -> bool:
    """Whether markets are open on `day`."""
    return day.weekday() < 5


def trading_days(first: date, last: date) -> list[date]:
    """Every trading day from `first` to `last`, both included, oldest first."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [day for day in days if is_trading_day(day)]


def trading_day_before(day: date, steps: int = 1) -> date:
    """The trading day `steps` trading days before `day`."""
    for _ in range(steps):
        day -= timedelta(days=1)
        while not is_trading_day(day):
            day -= timedelta(days=1)
    return day
