"""The families of lock boards we can drive."""

from __future__ import annotations

from enum import StrEnum

from bayward.edge.drivers.boards.codec import BoardCodec
from bayward.edge.drivers.boards.kerong_cu16 import KerongCu16


class Family(StrEnum):
    """Name of a family in the settings of a bank."""

    KERONG_CU16 = "kerong_cu16"
    KERONG_CU12 = "kerong_cu12"


_CODECS: dict[Family, BoardCodec] = {
    Family.KERONG_CU16: KerongCu16(),
    Family.KERONG_CU12: KerongCu16(locks=12),
}


def codec_of(family: Family) -> BoardCodec:
    """The codec of a family; codecs keep no state, so there is one of each."""
    return _CODECS[family]
