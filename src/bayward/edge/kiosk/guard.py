"""Who may talk to the kiosk: the one browser that was let in at this start of the program.

The server listens on loopback only, but other programs, other users and pages in other browsers
live there too, and a browser can be talked into sending requests anywhere. If guessing codes
were possible from there, the arithmetic behind their length would be void. So each request
must name this server as its host (against rebinding of names), carry the cookie that was made
at this start, and, when it changes anything, come from a page of this very origin.

The browser gets the cookie by opening `/kiosk/enter?key=…` once; the address with the key lies in a
file that only the kiosk's user may read.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from bayward.core.errors import Denied

KEY_BYTES = 32
OPEN_PATHS = frozenset({"/kiosk/enter", "/kiosk/health"})
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Guard:
    """The secrets of one start; `embedders` are origins whose pages may frame the kiosk."""

    port: int
    key: str
    cookie: str
    embedders: tuple[str, ...] = ()

    @classmethod
    def fresh(
        cls, port: int, random_bytes: Callable[[int], bytes], embedders: tuple[str, ...] = ()
    ) -> Guard:
        """New secrets."""
        return cls(port, random_bytes(KEY_BYTES).hex(), random_bytes(KEY_BYTES).hex(), embedders)

    @property
    def cookie_name(self) -> str:
        """Cookies do not know ports; two kiosks on one machine must not share one."""
        return f"bayward-kiosk-{self.port}"

    @property
    def set_cookie(self) -> str:
        """The header that lets a browser in."""
        return f"{self.cookie_name}={self.cookie}; Path=/; HttpOnly; SameSite=Strict"

    @property
    def enter_url(self) -> str:
        """Where the browser starts; it holds the key."""
        return f"http://127.0.0.1:{self.port}/kiosk/enter?key={self.key}"

    def admit(self, key: str) -> None:
        """Raise `Denied` unless `key` is this start's."""
        if not hmac.compare_digest(key.encode(), self.key.encode()):
            raise Denied("kiosk.key")

    def check(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Raise `Denied` unless a request may pass; header names in lower case."""
        host = headers.get("host", "")
        if host not in self._hosts():
            raise Denied("kiosk.host")
        if path in OPEN_PATHS and method in _SAFE:
            return
        site = headers.get("sec-fetch-site")
        if method in _SAFE:
            allowed = {None, "none", "same-origin", *(("same-site",) if self.embedders else ())}
            if site not in allowed:
                raise Denied("kiosk.site")
        elif not _is_own(site, headers.get("origin"), f"http://{host}"):
            raise Denied("kiosk.origin")
        if not self._has_cookie(headers.get("cookie", "")):
            raise Denied("kiosk.cookie")

    def _hosts(self) -> frozenset[str]:
        return frozenset(f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]"))

    def _has_cookie(self, header: str) -> bool:
        try:
            found = SimpleCookie(header).get(self.cookie_name)
        except CookieError:
            return False
        shown = found.value if found is not None else ""
        return hmac.compare_digest(shown.encode(), self.cookie.encode())


def _is_own(site: str | None, origin: str | None, own: str) -> bool:
    """Whether a page of this very origin sent it.

    No page can forge `Sec-Fetch-Site`. Our pages tell nobody where they are (`no-referrer`), and
    for that a browser writes `Origin: null` on their forms; without the other header that could
    be anybody.
    """
    if site is None:
        return origin == own
    return site == "same-origin" and origin in {own, "null"}
