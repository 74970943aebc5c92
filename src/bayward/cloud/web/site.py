"""All faces put together: the routes, the guard before them, the shield around them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp

from bayward.cloud.web import (
    api_doors,
    api_evidence,
    api_fleet,
    api_incidents,
    api_items,
    api_parcels,
    api_parties,
    api_people,
    api_privacy,
    api_session,
    auth,
    console_banks,
    console_contradictions,
    console_couriers,
    console_doors,
    console_evidence,
    console_incidents,
    console_item_acts,
    console_items,
    console_keepers,
    console_log,
    console_outgoing,
    console_parcels,
    console_parties,
    console_people,
    console_privacy,
    console_settings,
    console_wall,
    enrol,
    files,
    kiosk_receipt,
    limits,
    log_files,
    problems,
    resident,
    resident_pass,
    step_up,
    verify,
    witness,
)
from bayward.cloud.web.asking import SecondFactorNeeded, StepUpNeeded
from bayward.cloud.web.routes import API, PUBLIC, guard, is_declared, provide_asker
from bayward.cloud.web.shield import Shield
from bayward.cloud.web.state import Desk
from bayward.core.errors import BaywardError, Misconfigured

MODULES = (
    auth,
    step_up,
    console_wall,
    console_parcels,
    console_items,
    console_item_acts,
    console_doors,
    console_keepers,
    console_incidents,
    console_contradictions,
    console_people,
    console_couriers,
    console_banks,
    console_log,
    console_evidence,
    console_privacy,
    console_parties,
    console_outgoing,
    console_settings,
    resident,
    resident_pass,
    enrol,
    files,
    verify,
    kiosk_receipt,
    log_files,
    witness,
    api_session,
    api_fleet,
    api_parcels,
    api_items,
    api_doors,
    api_people,
    api_privacy,
    api_parties,
    api_incidents,
    api_evidence,
)
API_VERSION = "1.0.0"


def handlers() -> list[HTTPRouteHandler]:
    """Every route of the faces."""
    found = []
    for module in MODULES:
        found += [one for one in vars(module).values() if isinstance(one, HTTPRouteHandler)]
    return found


def build(desk: Desk) -> ASGIApp:
    """All faces, as they are served, for one desk."""
    return Shield(application(), desk)


@cache
def application() -> Litestar:
    """The routes; the same for every desk in a process, which `shield` puts into each request."""
    app = Litestar(
        handlers(),
        dependencies={"asker": Provide(provide_asker)},
        guards=[guard],
        exception_handlers={
            StepUpNeeded: problems.step_up_needed,
            SecondFactorNeeded: problems.second_factor_needed,
            BaywardError: problems.refused,
            HTTPException: problems.rejected,
            Exception: problems.broken,
        },
        request_max_body_size=limits.BODY_BYTES_MAX,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Bayward",
            version=API_VERSION,
            path=API,
            openapi_router=Router(
                API, route_handlers=[], opt={PUBLIC: "says what is written down anyway"}
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        debug=False,
    )
    check(app)
    return app


def check(app: Litestar) -> None:
    """Raise `Misconfigured` when a route says neither what it does nor why it is public."""
    for route, handler in routes(app):
        if not is_declared(handler):
            raise Misconfigured("web.route_undeclared", route=route.path)


def routes(app: Litestar) -> Sequence[tuple[HTTPRoute, HTTPRouteHandler]]:
    """Every route with its handlers, without the framework's answers to OPTIONS."""
    return [
        (route, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.http_methods != {"OPTIONS"}
    ]
