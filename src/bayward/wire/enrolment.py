"""How a bank gets its certificate: the ticket somebody carries to it, and one request.

    GET  <url>/anchor   the deployment's root certificate (PEM); anybody may know it
    POST <url>          EnrolRequest → EnrolAnswer, once per token
    POST <url>/renew    RenewRequest → RenewAnswer, whenever a third of a certificate's life is over

The console shows the ticket once, as text to paste and as a QR picture for the kiosk's camera.
It holds all that a bank must be told by a person: where to ask, its token, which bank it is,
and by which keys it can tell the real server from another one. A bank that has read it

1. fetches the anchor over a connection it cannot judge yet, and compares its SHA-256 with the
   ticket's;
2. connects again, now trusting that anchor only and with the ticket's pins, so that the token
   is told to nobody else;
3. makes its keys and sends the request. The token is burned in the transaction that issues the
   certificate; a second use is refused whatever happened to the first answer.

The text is `BW1` and Crockford base32 in capitals, which QR codes keep in their dense
alphanumeric mode: deterministic CBOR, then four bytes of its SHA-256 against slips of the hand.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Self, TypeAlias

from msgspec import Meta

from bayward.core.errors import Invalid
from bayward.core.ids import BankId, base32, from_base32
from bayward.wire import cbor, limits
from bayward.wire.messages import Issuer, Message, OriginText, TenantText, VkeyText
from bayward.wire.orders import InstantNumber, id_meta
from bayward.wire.pins import parse_pins

MARK = "BW1"
TOKEN_BYTES = 20  # 160 bits: nobody guesses one, however many are out
TOKEN_CHARS = 32
CHECK_BYTES = 4
URL_CHARS_MAX = 200
TICKET_CHARS_MAX = 1_000  # eight pins and two long names; a QR of version 25
PEM_CHARS_MAX = 8_192  # a chain of two has about 1,700
CSR_CHARS_MAX = 4_096  # a P-256 request has about 400
VKEY_CHARS_MAX = 500  # a name of 255, eight hex digits, 124 of base64

TokenText: TypeAlias = Annotated[str, Meta(pattern=f"^[0-9a-hjkmnp-tv-z]{{{TOKEN_CHARS}}}$")]
PinText: TypeAlias = Annotated[str, Meta(min_length=44, max_length=44)]
UrlText: TypeAlias = Annotated[str, Meta(min_length=1, max_length=URL_CHARS_MAX)]
PemText: TypeAlias = Annotated[str, Meta(max_length=PEM_CHARS_MAX)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a person carries from the console to a bank.

    `url` is where to enrol, `anchor` the SHA-256 of the root certificate's DER, `deployment`
    the name that opens the bank's log origin and its certificate's identity.
    """

    url: str
    token: str
    bank: BankId
    deployment: str
    anchor: bytes
    pins: frozenset[str]

    def encode(self) -> str:
        """The text to paste or to draw."""
        body = cbor.encode(
            [
                self.url,
                from_base32(self.token, TOKEN_BYTES),
                self.bank.raw,
                self.deployment,
                self.anchor,
                list[cbor.Cbor](sorted(self.pins)),
            ]
        )
        check = hashlib.sha256(body).digest()[:CHECK_BYTES]
        return MARK + base32(body + check).upper()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a ticket; raises `Invalid("ticket.malformed")` or, for a typo, `ticket.check`."""
        plain = "".join(text.split())
        if len(plain) > TICKET_CHARS_MAX or not plain.upper().startswith(MARK):
            raise Invalid("ticket.malformed")
        chars = plain[len(MARK) :].lower()
        try:
            raw = from_base32(chars, len(chars) * 5 // 8)
        except Invalid:
            raise Invalid("ticket.malformed") from None
        body, check = raw[:-CHECK_BYTES], raw[-CHECK_BYTES:]
        if hashlib.sha256(body).digest()[:CHECK_BYTES] != check:
            raise Invalid("ticket.check")
        return cls._read(cbor.decode(body, depth_max=2))

    @classmethod
    def _read(cls, told: cbor.Cbor) -> Self:
        match told:
            case [str(url), bytes(token), bytes(bank), str(deployment), bytes(anchor), list(pins)]:
                pass
            case _:
                raise Invalid("ticket.malformed")
        is_sized = len(token) == TOKEN_BYTES and len(anchor) == hashlib.sha256().digest_size
        if not is_sized or not 0 < len(url) <= URL_CHARS_MAX:
            raise Invalid("ticket.malformed")
        return cls(
            url=url,
            token=base32(token),
            bank=BankId.of(bank),
            deployment=deployment,
            anchor=anchor,
            pins=parse_pins(str(pin) for pin in pins),
        )


class EnrolRequest(Message, frozen=True):
    """Sent once by a new bank.

    `csr` proves possession of the key of its certificate and asks for nothing else; `log_vkey`
    is the verifier key (C2SP signed note, ECDSA P-256) of its log, whose name must be
    `<deployment>/bank/<bank>/…`.
    """

    token: TokenText
    bank: Annotated[str, id_meta(BankId)]
    csr: Annotated[str, Meta(max_length=CSR_CHARS_MAX)]
    log_vkey: Annotated[str, Meta(max_length=VKEY_CHARS_MAX)]
    firmware: Annotated[str, Meta(max_length=limits.FIRMWARE_CHARS_MAX)]


class EnrolAnswer(Message, frozen=True):
    """What a bank keeps from then on.

    `certificate` is its own followed by the issuing authority's, `anchor` the root's (all PEM);
    `pins` are those of the link's listener, today's key and the next; `link_url` is where to
    dial; issuers and the notifier's key as in `Welcome`. `witness_vkeys` are the keys that the
    control plane's witness cosigns with, `tenant_vkey` that of the tenant's log: both are pinned,
    like the rest, by the connection that the ticket has vouched for.
    """

    tenant: TenantText
    deployment: OriginText
    certificate: PemText
    anchor: PemText
    link_url: UrlText
    pins: Annotated[list[PinText], Meta(min_length=2, max_length=8)]
    issuers: Annotated[list[Issuer], Meta(max_length=limits.ISSUERS_MAX)]
    notifier_key: Annotated[bytes, Meta(min_length=1, max_length=limits.KEY_BYTES_MAX)]
    tenant_vkey: VkeyText
    witness_vkeys: Annotated[list[VkeyText], Meta(min_length=1, max_length=limits.WITNESS_KEYS_MAX)]
    now: InstantNumber


class RenewRequest(Message, frozen=True):
    """Sent by a bank whose certificate grows old, or did while the cable was cut.

    The signature of `csr` is made by the key of the certificate: that proves who asks. Whoever
    replays it gains a certificate for a key that he does not have.
    """

    bank: Annotated[str, id_meta(BankId)]
    csr: Annotated[str, Meta(max_length=CSR_CHARS_MAX)]


class RenewAnswer(Message, frozen=True):
    """The new certificate, followed by the issuing authority's (PEM)."""

    certificate: PemText
    now: InstantNumber
