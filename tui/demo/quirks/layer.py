"""The layer around the API that answers as badly as it is told to; the routes below know nothing of it."""

import asyncio
from functools import partial
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from tui.demo.quirks.connection import gone
from tui.demo.quirks.exchange import RESEARCH, Answer, Question, Recorder
from tui.demo.quirks.panel import PLACE, panel
from tui.demo.quirks.switchboard import Switchboard
from tui.demo.quirks.table import HANGING_PROVIDER, SLOW

INSIDE = "/inside"
"""What the parts of the platform ask each other begins so, and meets no quirk."""
PROVIDERS = "/providers/"


class Layer:
    """Stands between the wire and `app`; quirks spoil what lies below `/api/research`, and the provider's page."""

    def __init__(self, app: ASGIApp, switches: Switchboard) -> None:
        self._app = app
        self._switches = switches
        self._panel = panel(switches)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = str(scope["path"])
        if path.startswith(f"{INSIDE}/"):
            await self._app({**scope, "path": path.removeprefix(INSIDE)}, receive, send)
        elif path == PLACE or path.startswith(f"{PLACE}/"):
            await self._panel(scope, receive, send)
        elif path.startswith(PROVIDERS) and self._switches.get(HANGING_PROVIDER) is not None:
            await gone(receive)
        elif path.startswith(RESEARCH) and self._switches.active:
            await self._badly(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _badly(self, scope: Scope, receive: Receive, send: Send) -> None:
        slow = self._switches.get(SLOW)
        if slow is not None:
            await asyncio.sleep(max(0.0, slow.since + slow.seconds - monotonic()))
        fault = self._switches.next_fault()
        ask = partial(self._answer, scope, receive)
        if fault is None:
            await (await ask()).send(send)
        else:
            await fault(ask, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        active = self._switches.active
        question = Question.of(scope)
        for behaviour, _ in active:
            question = question if behaviour.read is None else behaviour.read(question)
            receive = receive if behaviour.hear is None else behaviour.hear(receive)
        asked: list[Question] = []
        answer = await self._understood(question, asked, scope, receive)
        asked += [question] * (len(active) - len(asked))
        for (behaviour, _), heard in zip(active, asked, strict=True):
            if behaviour.change is not None:
                answer = behaviour.change(heard, answer)
        return answer

    async def _understood(self, question: Question, asked: list[Question], scope: Scope, receive: Receive) -> Answer:
        """The answer to what is left of `question`; `asked` gets what each quirk, in its turn, was asked."""
        for behaviour, switch in self._switches.active:
            asked.append(question)
            if behaviour.ask is not None:
                taken = behaviour.ask(question, switch)
                if isinstance(taken, Answer):
                    return taken
                question = taken
        recorder = Recorder()
        await self._app({**scope, "query_string": question.encoded()}, receive, recorder)
        return recorder.answer
