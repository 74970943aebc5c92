from __future__ import annotations

from bayward.cloud.web import site
from bayward.cloud.web.routes import ACTION, PUBLIC


def test_the_routes_are_built_once_per_process() -> None:
    assert site.application() is site.application()


def test_no_path_and_method_is_declared_twice() -> None:
    seen = [
        (route.path, method)
        for route, handler in site.routes(site.application())
        for method in handler.http_methods
    ]
    assert len(seen) == len(set(seen))


def test_a_route_is_public_or_has_an_action_and_never_both() -> None:
    for route, handler in site.routes(site.application()):
        assert (ACTION in handler.opt) != (PUBLIC in handler.opt), route.path
