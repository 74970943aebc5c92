from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from bayward.cloud.fleet.pki import (
    DEVICE_LIFE_MS,
    Authority,
    check_deployment,
    create_issuing,
    create_root,
    identity_of,
    identity_uri,
    issue_device,
    issue_server,
    read_request,
)
from bayward.core.clock import DAY_MS, Instant
from bayward.core.errors import Denied, Invalid, Misconfigured
from bayward.core.ids import BankId, TenantId
from bayward.wire.pins import pin_of_key

NOON = Instant(1_800_000_000_000)
NAME = "locks.example"
TENANT, BANK = TenantId.of(bytes(16)), BankId.of(b"\x01" * 16)
URI = identity_uri(NAME, TENANT, BANK)
KEY = ec.derive_private_key(0xB0B, ec.SECP256R1())
ROOT = create_root(NAME, ec.derive_private_key(0xCA, ec.SECP384R1()), now=NOON, serial=1)
ISSUING = create_issuing(ROOT, ec.derive_private_key(0xCB, ec.SECP256R1()), now=NOON, serial=2)
DEVICE = issue_device(ISSUING, KEY.public_key(), URI, now=NOON, serial=3)


def request(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = KEY,
    *extensions: x509.ExtensionType,
) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "means nothing")])
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.DER)


def test_the_chain_is_root_issuing_leaf() -> None:
    root, issuing = ROOT.certificate, ISSUING.certificate
    assert isinstance(root.public_key(), ec.EllipticCurvePublicKey)
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value == (
        x509.BasicConstraints(ca=True, path_length=1)
    )
    assert issuing.extensions.get_extension_for_class(x509.BasicConstraints).value == (
        x509.BasicConstraints(ca=True, path_length=0)
    )
    assert DEVICE.extensions.get_extension_for_class(x509.BasicConstraints).value == (
        x509.BasicConstraints(ca=False, path_length=None)
    )
    issuing.verify_directly_issued_by(root)
    DEVICE.verify_directly_issued_by(issuing)


def test_a_device_certificate_is_for_a_client_for_ninety_days() -> None:
    use = DEVICE.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert DEVICE_LIFE_MS == 90 * DAY_MS
    assert DEVICE.not_valid_after_utc.timestamp() * 1000 == NOON + DEVICE_LIFE_MS
    assert DEVICE.not_valid_before_utc.timestamp() * 1000 < NOON


def test_a_server_certificate_is_for_a_server() -> None:
    names: list[x509.GeneralName] = [x509.DNSName("link.locks.example")]
    server = issue_server(ISSUING, KEY.public_key(), names, now=NOON, serial=4)
    use = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.SERVER_AUTH]
    store = Store([ROOT.certificate])
    policy = PolicyBuilder().store(store).time(server.not_valid_before_utc)
    verifier = policy.build_server_verifier(x509.DNSName("link.locks.example"))
    assert len(verifier.verify(server, [ISSUING.certificate])) == 3
    with pytest.raises(VerificationError):
        verifier.verify(DEVICE, [ISSUING.certificate])


@pytest.mark.parametrize(
    ("make", "curve"), [(create_root, ec.SECP256R1()), (create_issuing, ec.SECP384R1())]
)
def test_an_authority_on_another_curve_is_refused(
    make: Callable[..., Authority], curve: ec.EllipticCurve
) -> None:
    above = NAME if make is create_root else ROOT
    with pytest.raises(Misconfigured, match=r"authority\.curve"):
        make(above, ec.derive_private_key(5, curve), now=NOON, serial=9)


def test_who_a_certificate_speaks_for() -> None:
    found = identity_of(DEVICE, NAME)
    assert (found.tenant, found.bank) == (TENANT, BANK)
    assert found.spki_pin == pin_of_key(KEY.public_key())


@pytest.mark.parametrize(
    "uri",
    [
        "https://locks.example/",
        URI + "/",
        URI + "/x",
        URI + "?x",
        URI.replace("bank_", "ten_"),
        URI.replace("/tenant/", "/tenants/"),
        URI.replace("spiffe://", "SPIFFE://").replace("bank_", "BANK_"),
        URI[:-1],
        URI + "\x00",
    ],
)
def test_identity_90_another_spelling_of_a_name_is_refused(uri: str) -> None:
    with pytest.raises(Denied, match=r"device\.identity"):
        identity_of(issue_device(ISSUING, KEY.public_key(), uri, now=NOON, serial=5), NAME)


@pytest.mark.parametrize("name", ["other.example", "locks.example.evil", "evil/locks.example"])
def test_identity_90_another_deployment_is_refused(name: str) -> None:
    uri = URI.replace(NAME, name)
    with pytest.raises(Denied, match=r"device\.deployment"):
        identity_of(issue_device(ISSUING, KEY.public_key(), uri, now=NOON, serial=5), NAME)


@pytest.mark.parametrize(
    "names",
    [
        [],
        [x509.UniformResourceIdentifier(URI), x509.UniformResourceIdentifier(URI)],
        [x509.UniformResourceIdentifier(URI), x509.DNSName("link.locks.example")],
        [x509.DNSName(NAME)],
        [x509.RFC822Name("bank@locks.example")],
    ],
)
def test_identity_90_other_alternative_names_are_refused(names: list[x509.GeneralName]) -> None:
    certificate = issue_server(ISSUING, KEY.public_key(), names, now=NOON, serial=6)
    with pytest.raises(Denied, match=r"device\.identity"):
        identity_of(certificate, NAME)


def test_a_certificate_without_alternative_names_has_no_identity() -> None:
    with pytest.raises(Denied, match=r"device\.identity"):
        identity_of(ROOT.certificate, NAME)


def test_a_plain_request_gives_its_key() -> None:
    assert read_request(request()) == KEY.public_key()


@pytest.mark.parametrize(
    "asked",
    [
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI.replace("01", "02"))]),
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(URI)]),
        x509.BasicConstraints(ca=True, path_length=None),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    ],
)
def test_identity_95_a_request_that_asks_for_more_is_refused(asked: x509.ExtensionType) -> None:
    with pytest.raises(Denied, match=r"csr\.extensions"):
        read_request(request(KEY, asked))


def test_identity_95_a_name_of_an_exotic_kind_is_refused() -> None:
    """An X.400 address, which the library does not read."""
    exotic = x509.UnrecognizedExtension(
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes.fromhex("3002a300")
    )
    with pytest.raises(Denied, match=r"csr\.extensions"):
        read_request(request(KEY, exotic))


@pytest.mark.parametrize(
    "make",  # when it is tested, and not by everybody who collects tests: RSA takes its time
    [
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - weak is the point
        lambda: rsa.generate_private_key(65537, 2048),
        lambda: ec.derive_private_key(7, ec.SECP384R1()),
        lambda: ec.derive_private_key(7, ec.SECP256K1()),
        lambda: ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)),
    ],
)
def test_identity_95_another_kind_of_key_is_refused(
    make: Callable[[], ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey],
) -> None:
    with pytest.raises(Denied, match=r"csr\.key"):
        read_request(request(make()))


def test_identity_95_a_request_signed_by_another_key_is_refused() -> None:
    """Our key's request with a stranger's public point put into it."""
    other = ec.derive_private_key(0xBAD, ec.SECP256R1()).public_key().public_numbers()
    mine = KEY.public_key().public_numbers()
    der = request()
    for ours, theirs in ((mine.x, other.x), (mine.y, other.y)):
        der = der.replace(ours.to_bytes(32, "big"), theirs.to_bytes(32, "big"))
    with pytest.raises(Denied, match=r"csr\.signature"):
        read_request(der)


def test_identity_95_no_flipped_bit_gives_another_key_a_certificate() -> None:
    """Nearly all are refused; a bit that signs nothing (unused bits of a string) may pass."""
    der, passed = bytearray(request()), 0
    for place in range(len(der)):
        for bit in range(8):
            der[place] ^= 1 << bit
            try:
                assert read_request(bytes(der)) == KEY.public_key()
                passed += 1
            except (Denied, Invalid):
                pass
            der[place] ^= 1 << bit
    assert passed <= 8


@pytest.mark.parametrize("der", [b"", b"\x30", bytes(100), request() + b"\x00", bytes(5_000)])
def test_what_is_no_request_is_refused(der: bytes) -> None:
    with pytest.raises(Invalid, match=r"csr\.malformed"):
        read_request(der)


@pytest.mark.parametrize(
    "name", ["", "Locks.example", "locks/example", "-locks", "x" * 49, "a\n", "a b", "a:1", "ä"]
)
def test_a_deployment_is_named_like_a_host(name: str) -> None:
    with pytest.raises(Misconfigured, match=r"deployment\.name"):
        check_deployment(name)
