"""What a person decides about a control plane; everything else is found out or made.

There are no secrets here and no default credentials: keys are made on the first start in the
state directory, the mail password is read from a file of its own.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bayward.core.errors import Misconfigured

HTTP_PORT = 8000
LINK_PORT = 8443
ENROL_PORT = 8444
PORT_MAX = 65_535
REQUESTS_PER_S_MAX = 50  # of one address, with a burst of six seconds; a page asks for about ten
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,46}[a-z0-9])?")  # 48, see `fleet.pki`


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The mail server that takes our messages; `password_file` holds its password alone."""

    host: str
    port: int = 587
    sender: str
    username: str | None = None
    password_file: Path | None = None
    is_starttls: bool = True

    def read_password(self) -> str | None:
        """The password in its file, if there is one; raises `Misconfigured`."""
        if self.password_file is None:
            return None
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            file = str(self.password_file)
            raise Misconfigured("mail.password_file", file=file) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSettings:
    """One control plane.

    `public_url` is what people type (default: this machine, at `http_port`).
    `name` opens the origin of every log and every bank's
    identity, and can never change afterwards (default: the host of `public_url`). The link's
    listeners have their own port; `link_host` is the name banks dial. `organisation` and `site`
    name what the first start makes. `public_logs` lets whoever knows the origin of a log read it
    (`/log/…`; leaves disclose nothing); `witness_policy` is a file of `log` lines
    (c2sp.org/tlog-policy): the logs of others that this control plane witnesses and mirrors.
    `anchor_policy` is a file of `witness` lines with addresses (submission prefixes): who is asked
    to cosign our anchor log, once a minute.
    """

    state: Path
    public_url: str = ""
    name: str = ""
    http_host: str = "127.0.0.1"
    http_port: int = HTTP_PORT
    link_bind: str = "127.0.0.1"
    link_host: str = ""
    link_port: int = LINK_PORT
    enrol_port: int = ENROL_PORT
    zone: str = "UTC"
    organisation: str = "My organisation"
    site: str = "Main building"
    mail: MailSettings | None = None
    tsa_url: str = ""
    tsa_root: Path | None = None
    requests_per_s_max: int = REQUESTS_PER_S_MAX
    public_logs: bool = False
    witness_policy: Path | None = None
    anchor_policy: Path | None = None
    trusted_proxies: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for port in (self.http_port, self.link_port, self.enrol_port):
            if not 0 <= port <= PORT_MAX:
                raise Misconfigured("settings.port", port=port)
        if not self.public_url:
            object.__setattr__(self, "public_url", f"http://localhost:{self.http_port}")
        parts = _parts(self.public_url)
        is_plain = parts.scheme == "http"
        if is_plain and not is_loopback(parts.hostname or ""):
            # A session cookie would cross the network in clear.
            raise Misconfigured("settings.public_url", expected="https", url=self.public_url)
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        object.__setattr__(self, "name", self.name or parts.hostname)
        object.__setattr__(self, "link_host", self.link_host or parts.hostname)
        if _NAME.fullmatch(self.name) is None:
            raise Misconfigured(
                "settings.name", expected="a host name of at most 48 characters", name=self.name
            )
        if (not self.tsa_url) != (self.tsa_root is None):
            raise Misconfigured("settings.tsa", expected="tsa_url and tsa_root, or neither")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise Misconfigured("settings.zone", zone=self.zone) from None

    @classmethod
    def load(cls, path: Path, **given: Any) -> Self:
        """Read a TOML file; `given` (from the command line) wins.

        Raises `Misconfigured` with the file, the key and what is expected there.
        """
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Misconfigured("settings.unreadable", file=str(path), why=str(error)) from error
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise Misconfigured("settings.not_toml", file=str(path), why=str(error)) from error
        unknown = set(told) - {one.name for one in fields(cls)}
        if unknown:
            raise Misconfigured("settings.unknown", file=str(path), key=min(unknown))
        try:
            return msgspec.convert(told | given, cls, strict=True, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise Misconfigured("settings.value", file=str(path), expected=str(error)) from error

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers write it in `Origin`."""
        parts = _parts(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def is_plain_http(self) -> bool:
        """On this machine without TLS: the demo, and development.

        `__Host-` cookies need TLS, so a plain name is used then; `public_url` decides it and
        is refused for any host but this machine.
        """
        return _parts(self.public_url).scheme == "http"

    def at_ports(self, *, http: int, link: int, enrol: int) -> Self:
        """The same with the ports that were given by the system for 0."""
        parts = _parts(self.public_url)
        url = self.public_url
        if self.http_port == 0:
            url = f"{parts.scheme}://{parts.hostname}:{http}"
        return replace(self, public_url=url, http_port=http, link_port=link, enrol_port=enrol)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _path(kind: type, value: object) -> object:
    """Paths are written as text."""
    if isinstance(value, kind):
        return value
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected `{kind.__name__}`")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        raise Misconfigured("settings.public_url", url=url) from None
    is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_bare:
        raise Misconfigured("settings.public_url", url=url)
    return parts
