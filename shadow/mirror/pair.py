"""From a frame to what `compare.judge` takes. Pure."""

from __future__ import annotations

from shadow import settings
from shadow.compare.rules import Rule, compile_rule
from shadow.frame import Frame
from shadow.model import Exchange, Request, Response
from shadow.wire.head import fields


def legacy_response(frame: Frame) -> Response:
    """Legacy's answer."""
    return Response(
        frame.status, fields(frame.response_head), frame.response_body, frame.first_byte, frame.total
    )


def exchange(frame: Frame, response: Response) -> Exchange:
    """The whole exchange; `response` is `legacy_response` of the same frame."""
    target = frame.request_head.split(b" ", 2)[1]
    request = Request(frame.method, target, fields(frame.request_head), frame.request_body)
    return Exchange(frame.id.decode("latin-1"), frame.endpoint, frame.started, request, response)


class Rules:
    """The compiled rule of each endpoint of the configuration, by a frame's index."""

    def __init__(self, config: settings.Config) -> None:
        self._rules = [compile_rule(config.compare, line.compare) for line in config.endpoints]
        self._rules.append(compile_rule(config.compare, settings.Compare()))  # -1

    def __getitem__(self, index: int) -> Rule:
        return self._rules[index]
