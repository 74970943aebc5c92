"""Why the link is down, in words for whoever reads the log at three in the morning.

Each line says what was seen, what it usually means, and what to do. The commonest of the rare
ones is a company network that opens TLS connections to look inside: our connections cannot
be opened that way, by design, and there is no fallback.
"""

from __future__ import annotations

import socket
import ssl

from websockets.exceptions import (
    InvalidMessage,
    InvalidProxyStatus,
    InvalidStatus,
    NegotiationError,
    ProxyError,
)

from bayward.core.errors import BaywardError, Unavailable

_EXPIRED, _NOT_YET, _NO_ISSUER, _SELF_SIGNED = 10, 9, 20, (18, 19)  # X509_V_ERR_… of OpenSSL
_WRONG_HOST = (62, 64)

WORDS = {
    "link.name_unknown": "The name of the control plane cannot be resolved. Is the network cable "
    "in, is there a DNS server?",
    "link.refused": "The control plane's computer is there, but nothing listens on that port.",
    "link.unreachable": "There is no way to the control plane's network. Check cable and router.",
    "link.timeout": "The control plane does not answer in time. A firewall may be dropping packets "
    "to its port.",
    "link.intercepted": "Somebody on the way answers in the control plane's name with a "
    "certificate of another authority: most likely a TLS-inspecting proxy of this network, at "
    "worst an attacker. Nothing was sent. Exempt the control plane's host from inspection.",
    "link.wrong_key": "The control plane shows a key that is not pinned here. Nothing was sent. "
    "Either this is not our control plane, or its key was replaced without the pins.",
    "link.wrong_host": "The certificate is for another host name. Check the address in the "
    "settings. Nothing was sent.",
    "link.certificate_expired": "The control plane's certificate has expired by this computer's "
    "clock. Check the clock first.",
    "link.certificate_not_yet": "The control plane's certificate is not valid yet by this "
    "computer's clock. The clock is probably wrong (empty battery?).",
    "link.weak_cipher": "The control plane's end did not agree to AES-256. Nothing was sent.",
    "link.tls": "The TLS handshake failed.",
    "link.certificate_refused": "The control plane hung up right after the handshake. Once, the "
    "line was cut just then; again and again, it does not accept this bank's certificate: was the "
    "bank revoked, or never enrolled there?",
    "link.forbidden": "The control plane knows this bank's certificate, but not for this bank's "
    "path, or it was revoked.",
    "link.no_common_version": "This program and the control plane have no version of the protocol "
    "in common. Update the older one.",
    "link.proxy": "The network's proxy does not let the connection through.",
    "link.no_websocket": "Something answers at the control plane's address that is not its link.",
    "link.closed": "The connection broke.",
    "link.upload_refused": "The control plane does not take this bank's log entries. They are "
    "kept here and offered again every ten minutes; doors and orders go on meanwhile.",
    "link.no_answer": "The control plane stopped answering on an open connection, which was then "
    "given up.",
    "link.restart": "The control plane is restarting.",
    "link.replaced": "Another connection with this bank's certificate has taken over. If this "
    "repeats, a second computer is using a copy of this bank's key.",
    "link.broken": "The connection failed in an unexpected way.",
    "upload.entry": "One entry of the log is too large to be uploaded. That is a fault of this "
    "program; the log is kept, and everything else goes on.",
    "journal.rolled_back": "The control plane remembers more of this bank's log than this "
    "computer has: an old disk image was restored. Nothing opens until an administrator enrols "
    "the bank anew.",
    "journal.forked": "The control plane remembers another log of this bank. Nothing opens until "
    "an administrator has looked.",
    "hello.rollback": "The control plane refuses this bank: its log is an older state of the one "
    "it knows.",
    "hello.fork": "The control plane refuses this bank: its log contradicts the one it knows.",
}


class Trouble(Unavailable):
    """Raised when there is no connection; `detail` is what the system said."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail=detail)
        self.detail = detail

    @property
    def words(self) -> str:
        """What it means, and what to do."""
        group = ".".join(self.code.split(".")[:2])
        told = WORDS.get(self.code) or WORDS.get(group) or WORDS["link.broken"]
        return f"{told} ({self.detail})" if self.detail else told


def trouble_of(error: BaseException) -> Trouble:
    """Name what went wrong while connecting."""
    match error:
        case Trouble():
            return error
        case BaywardError():
            return Trouble(error.code, str(error))
        case ssl.SSLCertVerificationError():
            return Trouble(_certificate_code(error), str(error))
        case InvalidStatus():
            return Trouble(_status_code(error), f"HTTP {error.response.status_code}")
        case NegotiationError():
            return Trouble("link.no_common_version", str(error))
        case _:
            return Trouble(_network_code(error), str(error) or type(error).__name__)


def _network_code(error: BaseException) -> str:
    codes: tuple[tuple[type[BaseException], str], ...] = (
        (ProxyError, "link.proxy"),
        (InvalidProxyStatus, "link.proxy"),
        (InvalidMessage, "link.certificate_refused"),
        (EOFError, "link.certificate_refused"),
        (ssl.SSLError, "link.tls"),
        (socket.gaierror, "link.name_unknown"),
        (ConnectionRefusedError, "link.refused"),
        (ConnectionError, "link.certificate_refused"),
        (TimeoutError, "link.timeout"),
        (OSError, "link.unreachable"),
    )
    return next((code for kind, code in codes if isinstance(error, kind)), "link.broken")


def _certificate_code(error: ssl.SSLCertVerificationError) -> str:
    """Ours have no verify code, their text is the code of the refusal; OpenSSL's have one."""
    told = str(error)
    if "pins.mismatch" in told:
        return "link.wrong_key"
    if "tls.cipher" in told:
        return "link.weak_cipher"
    number = getattr(error, "verify_code", 0)
    by_number = {_EXPIRED: "link.certificate_expired", _NOT_YET: "link.certificate_not_yet"}
    by_number |= dict.fromkeys((_NO_ISSUER, *_SELF_SIGNED), "link.intercepted")
    by_number |= dict.fromkeys(_WRONG_HOST, "link.wrong_host")
    return by_number.get(number, "link.tls")


def _status_code(error: InvalidStatus) -> str:
    by_status = {400: "link.no_common_version", 403: "link.forbidden", 407: "link.proxy"}
    return by_status.get(error.response.status_code, "link.no_websocket")
