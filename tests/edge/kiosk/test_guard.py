from __future__ import annotations

import random

import pytest

from bayward.core.errors import Denied
from bayward.edge.kiosk.guard import Guard

GUARD = Guard.fresh(8080, random.Random(1).randbytes)
HOST = "127.0.0.1:8080"
COOKIE = f"{GUARD.cookie_name}={GUARD.cookie}"
GOOD = {
    "host": HOST,
    "origin": f"http://{HOST}",
    "sec-fetch-site": "same-origin",
    "cookie": f"theme=dark; {COOKIE}",
}


def test_the_kiosks_own_browser_passes() -> None:
    GUARD.check("POST", "/kiosk/collect", GOOD)
    GUARD.check("POST", "/kiosk/collect", {**GOOD, "origin": "null"})  # what no-referrer makes
    GUARD.check("GET", "/kiosk", {"host": HOST, "cookie": COOKIE})
    GUARD.check("GET", "/kiosk", {"host": "localhost:8080", "cookie": COOKIE})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "192.168.1.7:8080"}, "kiosk.host"),
        ({"host": "bank.example:8080"}, "kiosk.host"),
        ({"host": "127.0.0.1:8081"}, "kiosk.host"),
        ({"host": ""}, "kiosk.host"),
        ({"origin": "http://127.0.0.1:9000"}, "kiosk.origin"),
        ({"origin": "http://evil.example"}, "kiosk.origin"),
        ({"origin": "null", "sec-fetch-site": None}, "kiosk.origin"),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, "kiosk.origin"),
        ({"sec-fetch-site": "none"}, "kiosk.origin"),
        ({"origin": None}, "kiosk.origin"),
        ({"sec-fetch-site": "cross-site"}, "kiosk.origin"),
        ({"sec-fetch-site": "same-site"}, "kiosk.origin"),
        ({"cookie": ""}, "kiosk.cookie"),
        ({"cookie": f"{GUARD.cookie_name}={GUARD.key}"}, "kiosk.cookie"),
        ({"cookie": f"bayward-kiosk-8081={GUARD.cookie}"}, "kiosk.cookie"),
        ({"cookie": "\x00=\x01;;;="}, "kiosk.cookie"),
    ],
)
def test_identity_17_a_code_from_anywhere_else_is_refused(
    changes: dict[str, str | None], code: str
) -> None:
    headers = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    with pytest.raises(Denied) as caught:
        GUARD.check("POST", "/kiosk/collect", headers)
    assert caught.value.code == code


def test_identity_51_a_page_elsewhere_cannot_even_show_the_kiosk() -> None:
    with pytest.raises(Denied, match=r"kiosk\.site"):
        GUARD.check("GET", "/kiosk", {**GOOD, "sec-fetch-site": "cross-site"})
    with pytest.raises(Denied, match=r"kiosk\.site"):
        GUARD.check("GET", "/kiosk", {**GOOD, "sec-fetch-site": "same-site"})
    framed = Guard(8080, GUARD.key, GUARD.cookie, ("http://127.0.0.1:9000",))
    framed.check("GET", "/kiosk", {**GOOD, "sec-fetch-site": "same-site"})
    with pytest.raises(Denied, match=r"kiosk\.origin"):
        framed.check("POST", "/kiosk/done", {**GOOD, "sec-fetch-site": "same-site"})


def test_the_way_in_needs_the_key_of_this_start() -> None:
    GUARD.check("GET", "/kiosk/enter", {"host": HOST})
    GUARD.admit(GUARD.key)
    assert GUARD.key in GUARD.enter_url
    assert GUARD.key not in GUARD.set_cookie
    for wrong in ("", GUARD.cookie, GUARD.key[:-1], "é"):
        with pytest.raises(Denied, match=r"kiosk\.key"):
            GUARD.admit(wrong)


def test_each_start_has_its_own_secrets() -> None:
    random_bytes = random.Random(2).randbytes
    one, two = Guard.fresh(8080, random_bytes), Guard.fresh(8080, random_bytes)
    assert len({one.key, one.cookie, two.key, two.cookie}) == 4
