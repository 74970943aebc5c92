from __future__ import annotations

import socket
from typing import Any

import pytest

from bayward.cloud.web.server import OnlyEnrolment, listen
from bayward.core.errors import Misconfigured


def test_a_taken_port_names_itself() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(Misconfigured, match=r"port\.in_use") as error:
            listen("127.0.0.1", port)
        assert (error.value.facts["host"], error.value.facts["port"]) == ("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_another_problem() -> None:
    with pytest.raises(Misconfigured, match=r"port\.unavailable"):
        listen("203.0.113.1", 0)


def test_ipv6_is_listened_on() -> None:
    if not socket.has_ipv6:
        pytest.fail("this machine has no IPv6; the test has nothing to say")
    with listen("::1", 0) as opened:
        assert opened.family is socket.AF_INET6


@pytest.mark.parametrize(
    ("path", "is_shown"),
    [("/enrol", True), ("/enrol/anchor", True), ("/", False), ("/console", False)],
)
async def test_new_banks_see_enrolment_only(path: str, is_shown: bool) -> None:
    seen: list[str] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    await OnlyEnrolment(app)({"type": "http", "path": path}, receive, send)  # type: ignore[arg-type]  # a plain ASGI scope
    assert bool(seen) is is_shown
    assert [one.get("status") for one in sent] == ([] if is_shown else [404, None])
