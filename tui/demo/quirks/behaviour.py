"""What the API does for each quirk that is its own: to the question, to the answer, or to the bytes on the wire."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from tui.demo.quirks import answering, asking, connection
from tui.demo.quirks.table import HANGING_PROVIDER

Fault = Callable[[connection.Ask, Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one quirk shows: how words and bodies are read before all else, what is asked, answered and sent."""

    read: asking.Read | None = None
    hear: asking.Hear | None = None
    ask: asking.Ask | None = None
    change: answering.Change | None = None
    fault: Fault | None = None


NONE = Behaviour()

BEHAVIOURS: Mapping[str, Behaviour] = {
    "rate-limit": Behaviour(ask=asking.rate_limit),
    "redirect-308": Behaviour(ask=asking.redirect),
    "missing-routes": Behaviour(ask=asking.missing_routes),
    "idle-posts": Behaviour(ask=asking.idle_posts),
    "empty-405": Behaviour(ask=asking.empty_405),
    "unresolvable-ids": Behaviour(ask=asking.unresolvable_ids),
    "ignored-parameters": Behaviour(ask=asking.ignored_parameters),
    "filter-after-limit": Behaviour(ask=asking.unfiltered, change=answering.filter_after_limit),
    "degraded-200": Behaviour(change=answering.degraded_200),
    "report-400": Behaviour(change=answering.report_400),
    "duplicate-ids": Behaviour(change=answering.duplicate_ids),
    "null-ids": Behaviour(change=answering.null_ids),
    "numeric-ids": Behaviour(hear=asking.numbers_for_ids, change=answering.numeric_ids),
    "other-names": Behaviour(read=asking.other_states, change=answering.other_names),
    "more-names": Behaviour(change=answering.more_names),
    "json-404": Behaviour(change=answering.json_404),
    "html-404": Behaviour(change=answering.html_404),
    HANGING_PROVIDER: Behaviour(change=answering.silent_providers),
    "silence": Behaviour(fault=connection.silence),
    "reset": Behaviour(fault=connection.reset),
    "truncation": Behaviour(fault=connection.truncation),
}
"""By name; what is not here shows elsewhere, and of a `ground` one only what the API has to say of it is here."""
