from __future__ import annotations

import errno
import socket
import ssl

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus, NegotiationError, ProxyError
from websockets.http11 import Response

from bayward.core.errors import Unavailable
from bayward.edge.uplink.trouble import WORDS, Trouble, trouble_of


def verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = code
    return error


def status(code: int) -> InvalidStatus:
    return InvalidStatus(Response(code, "", Headers()))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (socket.gaierror(-2, "Name or service not known"), "link.name_unknown"),
        (ConnectionRefusedError(), "link.refused"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "link.unreachable"),
        (TimeoutError(), "link.timeout"),
        (verification(19), "link.intercepted"),
        (verification(20), "link.intercepted"),
        (verification(10), "link.certificate_expired"),
        (verification(9), "link.certificate_not_yet"),
        (verification(62), "link.wrong_host"),
        (verification(1), "link.tls"),
        (ssl.SSLCertVerificationError("pins.mismatch"), "link.wrong_key"),
        (ssl.SSLCertVerificationError("tls.cipher"), "link.weak_cipher"),
        (ssl.SSLError(1, "wrong version number"), "link.tls"),
        (ConnectionResetError(), "link.certificate_refused"),
        (InvalidMessage("did not receive a valid HTTP response"), "link.certificate_refused"),
        (status(403), "link.forbidden"),
        (status(400), "link.no_common_version"),
        (status(502), "link.no_websocket"),
        (NegotiationError("no subprotocols supported"), "link.no_common_version"),
        (ProxyError("no"), "link.proxy"),
        (Unavailable("journal.forked"), "journal.forked"),
        (ValueError("what?"), "link.broken"),
    ],
)
def test_every_trouble_has_a_name_and_words(error: Exception, code: str) -> None:
    trouble = trouble_of(error)
    assert trouble.code == code
    assert trouble.words.startswith(WORDS[code])
    assert trouble_of(trouble) is trouble


def test_words_are_found_for_a_group_and_for_what_nobody_foresaw() -> None:
    assert Trouble("link.no_answer.hello").words == WORDS["link.no_answer"]
    assert Trouble("device.exploded").words == WORDS["link.broken"]


def test_interception_is_named_and_says_that_nothing_was_sent() -> None:
    words = trouble_of(verification(19)).words
    assert "proxy" in words
    assert "Nothing was sent" in words
