from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from bayward.core.errors import Misconfigured
from bayward.edge.keys import (
    BANK_KEY,
    DEVICE_KEY,
    LOG_KEY,
    NAMES,
    check_bank_key,
    open_keys,
    open_or_create,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory = tmp_path / "state" / "keys"
    open_or_create(directory, os.urandom)
    return directory


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_keys_are_made_once_and_read_again(folder: Path) -> None:
    first, second = open_keys(folder), open_or_create(folder, lambda _: b"")
    assert first.bank_key == second.bank_key
    assert first.device_key.private_numbers() == second.device_key.private_numbers()
    assert first.log_key.private_numbers() == second.log_key.private_numbers()
    assert isinstance(first.device_key.curve, ec.SECP256R1)
    assert first.device_key_file == folder / DEVICE_KEY


def test_only_we_may_read_them(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_keys_are_not_shown(folder: Path) -> None:
    keys = open_keys(folder)
    assert keys.bank_key.hex() not in repr(keys)
    assert repr(keys.bank_key) not in repr(keys)


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    open_or_create(tmp_path / "keys", os.urandom)
    assert open_keys(tmp_path / "keys").bank_key


def test_a_power_cut_while_making_them_leaves_no_trace(tmp_path: Path) -> None:
    directory = tmp_path / "keys"

    def cut(_: int) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_or_create(directory, cut)
    assert not directory.exists()
    (tmp_path / "keys.new" / BANK_KEY).write_bytes(b"half")
    open_or_create(directory, os.urandom)
    assert not (tmp_path / "keys.new").exists()
    assert len(open_keys(directory).bank_key) == 32


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_key_is_not_made_anew(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(Misconfigured, match=rf"keys\.incomplete.*{name}"):
        open_or_create(folder, os.urandom)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700 | 0o010])
def test_a_key_that_others_may_read_is_refused(folder: Path, name: str, mode: int) -> None:
    (folder / name).chmod(mode)
    with pytest.raises(Misconfigured, match=r"keys\.exposed"):
        open_keys(folder)


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o755, 0o777])
def test_a_folder_that_others_may_enter_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(Misconfigured, match=r"keys\.exposed"):
        open_keys(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_link_to_a_key_is_refused(folder: Path, name: str) -> None:
    elsewhere = folder.parent / name
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(Misconfigured, match=r"keys\.exposed"):
        open_keys(folder)


def test_a_pipe_is_refused_and_does_not_hang(folder: Path) -> None:
    (folder / BANK_KEY).unlink()
    os.mkfifo(folder / BANK_KEY, 0o600)
    with pytest.raises(Misconfigured, match=r"keys\.exposed"):
        open_keys(folder)


def test_somebody_elses_key_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    with pytest.raises(Misconfigured, match=r"keys\.exposed.*somebody else"):
        open_keys(folder)


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        b"\x01\x02\x03\x04" * 8,
        b"changeme-changeme-changeme-chang",
        b"0123456789abcdef0123456789abcdef",
        b"bayward-default-key-do-not-use!!",
    ],
)
def test_zero_and_default_bank_keys_are_refused(folder: Path, key: bytes) -> None:
    (folder / BANK_KEY).write_bytes(key)
    with pytest.raises(Misconfigured, match=r"keys\.weak"):
        open_keys(folder)


@pytest.mark.parametrize("length", [0, 31, 33, 5_000])
def test_a_bank_key_of_another_length_is_refused(folder: Path, length: int) -> None:
    (folder / BANK_KEY).write_bytes(os.urandom(length))
    with pytest.raises(Misconfigured, match=r"keys\.malformed"):
        open_keys(folder)


def test_a_weak_source_of_randomness_makes_no_bank(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"keys\.weak"):
        open_or_create(tmp_path / "keys", bytes)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("name", [DEVICE_KEY, LOG_KEY])
@pytest.mark.parametrize(
    "content",
    [
        lambda: b"",
        lambda: b"no key",
        lambda: pem(ec.derive_private_key(2**200, ec.SECP384R1())),
        lambda: pem(rsa.generate_private_key(65537, 2048)),  # takes its time
        lambda: ec.derive_private_key(2**200, ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        ),
    ],
)
def test_another_kind_of_key_is_refused(
    folder: Path, name: str, content: Callable[[], bytes]
) -> None:
    (folder / name).write_bytes(content())
    with pytest.raises(Misconfigured, match=r"keys\.malformed"):
        open_keys(folder)


@pytest.mark.parametrize(
    "scalar", [1, 2**100, 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721]
)
def test_small_and_published_keys_are_refused(folder: Path, scalar: int) -> None:
    (folder / LOG_KEY).write_bytes(pem(ec.derive_private_key(scalar, ec.SECP256R1())))
    with pytest.raises(Misconfigured, match=r"keys\.weak"):
        open_keys(folder)


def test_one_key_for_two_purposes_is_refused(folder: Path) -> None:
    (folder / LOG_KEY).write_bytes((folder / DEVICE_KEY).read_bytes())
    with pytest.raises(Misconfigured, match=r"keys\.weak"):
        open_keys(folder)


def test_a_random_key_is_taken() -> None:
    for _ in range(1_000):
        check_bank_key(os.urandom(32))
