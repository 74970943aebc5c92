import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayward.core.errors import Invalid
from bayward.core.ids import BankId, GrantId, ParcelId, base32, from_base32

raws = st.binary(min_size=16, max_size=16)


@given(raws)
def test_an_id_says_its_kind_and_gives_its_bytes_back(raw: bytes) -> None:
    grant = GrantId.of(raw)
    assert grant.startswith("grt_")
    assert GrantId.parse(grant).raw == raw


@given(raws)
def test_an_id_of_another_kind_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid, match=r"id\.malformed"):
        ParcelId.parse(GrantId.of(raw))


@given(st.text())
def test_any_text_is_an_id_or_refused(text: str) -> None:
    try:
        found = BankId.parse(text)
    except Invalid:
        return
    assert BankId.of(found.raw) == text


def test_one_id_has_one_spelling() -> None:
    bank = BankId.of(b"\xff" * 16)
    for other in (bank.upper(), bank + "0", bank[:-1] + "z", bank.replace("z", "u")):
        with pytest.raises(Invalid):
            BankId.parse(other)


def test_the_public_code_is_ten_characters_of_the_id() -> None:
    bank = BankId.of(bytes(range(16)))
    assert len(bank.public_code) == 10
    assert bank.public_code in bank


@given(st.binary(max_size=40))
def test_base32_is_reversible(raw: bytes) -> None:
    assert from_base32(base32(raw), len(raw)) == raw


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(Invalid):
        BankId.of(b"short")
