from __future__ import annotations

import msgspec
import pytest

from bayward.cloud.web import api_item_types as types

MINIMAL: dict[str, dict[str, object]] = {
    "ItemIn": {"kind": "evidence", "detail": "a knife"},
    "OfferIn": {"kind": "hand_over"},
    "ReadingIn": {},
    "CountIn": {"count": 3},
    "WhyIn": {"reason": "because"},
    "SealIn": {"seal": "S1"},
    "PhotoIn": {"photo": "0" * 64},
}


@pytest.mark.parametrize("name", MINIMAL)
def test_nothing_else_is_taken_and_no_text_without_end(name: str) -> None:
    kind = getattr(types, name)
    assert msgspec.convert(MINIMAL[name], kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(MINIMAL[name] | {"holder": "me"}, kind)
    texts = [one.name for one in msgspec.structs.fields(kind) if "count" not in one.name]
    for field in texts:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(MINIMAL[name] | {field: "x" * 100_000}, kind)


def test_a_count_is_a_whole_number() -> None:
    for wrong in ("3", 3.5, None):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"count": wrong}, types.CountIn)
