from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from bayward.cloud.keys import FileKeys
from bayward.core.errors import Invalid, Misconfigured
from bayward.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from bayward.ledger.keys import COSIGNATURE
from bayward.ledger.merkle import EMPTY_ROOT
from cloud_bench import HandShelf


def test_keys_last_and_sign(tmp_path: Path) -> None:
    made, read = FileKeys.create(tmp_path / "k"), FileKeys.open(tmp_path / "k")
    note = sign_checkpoint(Checkpoint("a/b", 0, EMPTY_ROOT), [made.log_signer("a/b")])
    assert open_checkpoint(note, read.log_signer("a/b").key).checkpoint.size == 0
    sealed = made.seal("table.column|1", b"secret")
    assert b"secret" not in sealed
    assert read.unseal("table.column|1", sealed) == b"secret"
    assert made.seal("table.column|1", b"secret") != sealed


@pytest.mark.parametrize("bent", ["context", "bit", "short"])
def test_what_was_moved_or_changed_does_not_open(tmp_path: Path, bent: str) -> None:
    keys = FileKeys.create(tmp_path / "k")
    sealed = keys.seal("totp.secret|one", b"secret")
    context = "totp.secret|two" if bent == "context" else "totp.secret|one"
    if bent == "bit":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    if bent == "short":
        sealed = sealed[:5]
    with pytest.raises(Invalid) as caught:
        keys.unseal(context, sealed)
    assert caught.value.facts == {"context": "totp.secret"}


def test_keys_are_never_replaced(tmp_path: Path) -> None:
    FileKeys.create(tmp_path / "k")
    with pytest.raises(Misconfigured) as caught:
        FileKeys.create(tmp_path / "k")
    assert caught.value.code == "keys.exist"


def test_a_kek_wraps_until_it_is_destroyed(tmp_path: Path) -> None:
    keys = FileKeys.create(tmp_path / "k")
    keys.make_kek("ten_a", 1)
    keys.make_kek("ten_ab", 7)
    wrapped = keys.wrap("ten_a", 1, "keyring.subject|one", b"secret")
    assert b"secret" not in wrapped
    again = FileKeys.open(tmp_path / "k")
    assert again.keks("ten_a") == [1]
    assert again.unwrap("ten_a", 1, "keyring.subject|one", wrapped) == b"secret"
    for tenant, context in (("ten_ab", "keyring.subject|one"), ("ten_a", "keyring.subject|two")):
        with pytest.raises(Invalid):
            again.unwrap(tenant, 1, context, wrapped)
    for path in (tmp_path / "k" / "kek").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    again.destroy_kek("ten_a", 1)
    again.destroy_kek("ten_a", 1)
    assert keys.keks("ten_a") == []
    with pytest.raises(Invalid) as caught:
        keys.unwrap("ten_a", 1, "keyring.subject|one", wrapped)
    assert caught.value.code == "kek.gone"


def test_a_kek_that_is_made_again_is_another(tmp_path: Path) -> None:
    keys = FileKeys.create(tmp_path / "k")
    keys.make_kek("ten_a", 1)
    wrapped = keys.wrap("ten_a", 1, "c", b"secret")
    keys.make_kek("ten_a", 1)
    with pytest.raises(Invalid) as caught:
        keys.unwrap("ten_a", 1, "c", wrapped)
    assert caught.value.code == "seal.broken"


def test_a_kek_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys = FileKeys.create(tmp_path / "k")
    keys.make_kek("ten_a", 1)
    (tmp_path / "k" / "kek" / "ten_a.1.bin").chmod(0o644)
    with pytest.raises(Misconfigured):
        keys.wrap("ten_a", 1, "c", b"secret")


def break_missing(folder: Path) -> None:
    (folder / "seal.bin").unlink()


def break_readable(folder: Path) -> None:
    (folder / "log.pem").chmod(0o644)


def break_short(folder: Path) -> None:
    (folder / "seal.bin").write_bytes(b"short")


def break_default(folder: Path) -> None:
    (folder / "seal.bin").write_bytes(bytes(32))


def break_pem(folder: Path) -> None:
    (folder / "log.pem").write_bytes(b"no key")


def break_kind(folder: Path) -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "log.pem").write_bytes(pem)


def break_directory(folder: Path) -> None:
    (folder / "log.pem").unlink()
    (folder / "log.pem").mkdir()


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (break_missing, "keys.missing"),
        (break_readable, "keys.readable_by_others"),
        (break_short, "keys.malformed"),
        (break_default, "keys.malformed"),
        (break_pem, "keys.malformed"),
        (break_kind, "keys.malformed"),
        (break_directory, "keys.unreadable"),
    ],
)
def test_unsafe_keys_are_refused(tmp_path: Path, attack: object, code: str) -> None:
    FileKeys.create(tmp_path / "k")
    assert callable(attack)
    attack(tmp_path / "k")
    with pytest.raises(Misconfigured) as caught:
        FileKeys.open(tmp_path / "k")
    assert caught.value.code == code


def test_a_cosigner_is_made_when_it_is_first_asked_for(tmp_path: Path) -> None:
    FileKeys.create(tmp_path)
    one, two = FileKeys.open(tmp_path), FileKeys.open(tmp_path)
    [witness] = one.cosigners("witness", "example.com/witness", 7)
    assert witness.key.kind == COSIGNATURE
    assert two.cosigners("witness", "example.com/witness", 8)[0].key == witness.key
    [mirror] = one.cosigners("mirror", "example.com/mirror", 7)
    assert mirror.key.public != witness.key.public
    with pytest.raises(AssertionError, match="one name"):
        one.cosigners("witness", "example.com/another", 7)
    homeless = FileKeys(ec.generate_private_key(ec.SECP256R1()), bytes(32), HandShelf())
    with pytest.raises(Misconfigured, match=r"keys\.missing"):
        homeless.cosigners("witness", "example.com/witness", 7)
