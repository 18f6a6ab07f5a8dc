"""One API's routes: an event comes in, a response goes out, and nothing is raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from services.common.runtime.http import Call, Event, Response, problem_response, with_cors
from services.common.runtime.observability import count, count_fault, logger
from services.common.runtime.probe import ASKING
from services.common.runtime.problems import (
    FIRST_SERVER_ERROR,
    InternalError,
    NotFoundError,
    ProblemError,
)

Route = Callable[[Call], Response]


class Router:
    """Answers each call by its route; errors leave as problem documents and stand in the log.

    routes: by method and resource as declared, e.g. "GET /requests/{request_id}". origins: of pages
    that may read answers. exposed: response headers that these pages may read, too.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        *,
        origins: frozenset[str],
        exposed: Sequence[str] = (),
    ) -> None:
        self._routes = routes
        self._origins = origins
        self._exposed = exposed

    def handle(self, event: Event) -> Response:
        """The proxy response to a proxy event.

        Counts answers as the metric `Answered<status>`, and faults of this version (`faults`).
        """
        call = Call.parse(event)
        logger.append_keys(request_id=call.request_id, route=call.route)
        response = self._respond(call)
        count(f"Answered{response['statusCode']}")
        return with_cors(response, call.origin, self._origins, exposed=self._exposed)

    def _respond(self, call: Call) -> Response:
        try:
            return self._routes.get(call.route, _no_such_route)(call)
        except ProblemError as problem:
            _log_refusal(problem)
            return _answer(problem, call)
        except Exception:
            logger.exception("failed")
            return _answer(InternalError(), call)


def _answer(problem: ProblemError, call: Call) -> Response:
    # What a deployment's hook is answered, the hook judges.
    if problem.is_fault and call.request_id != ASKING:
        count_fault()
    return problem_response(problem, call.request_id)


def _no_such_route(call: Call) -> Response:
    raise NotFoundError(f"There is no {call.route}")


def _log_refusal(problem: ProblemError) -> None:
    facts = {"status": problem.status, "problem": problem.slug}
    if problem.status < FIRST_SERVER_ERROR:
        logger.info("refused", extra=facts)
    else:
        logger.error("failed", extra=facts, exc_info=problem)
