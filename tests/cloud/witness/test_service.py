"""Witness and mirror over one memory: each speaks for itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from bayward.cloud.cosigning import CosigningKeys
from bayward.cloud.witness.memory import WitnessFile
from bayward.cloud.witness.service import Witness
from bayward.ledger.note import split_note
from bayward.ledger.witness import origin_hash
from ledger_bench import LOG, ORIGIN
from mirror_bench import Source


def test_what_is_witnessed_is_not_yet_mirrored(tmp_path: Path) -> None:
    source, hashed, times = Source(600), origin_hash(ORIGIN), iter(range(1, 100))
    keys = CosigningKeys.open(tmp_path, "example.com/w", "witness")
    mirror = CosigningKeys.open(tmp_path, "example.com/m", "mirror")
    with closing(WitnessFile(tmp_path / "w.db", "example.com/w")) as file:
        witness = Witness(
            file=file,
            logs={ORIGIN: [LOG.key]},
            cosigners=lambda: keys.signers(next(times)),
            mirror_cosigners=lambda: mirror.signers(next(times)),
            secret=b"s" * 32,
        )
        assert witness.checkpoint(hashed) is None
        assert witness.add_checkpoint(source.request(0, 300)).status == 200
        assert witness.add_entries(source.upload(0, 300)).status == 200
        assert witness.add_checkpoint(source.request(300, 600)).status == 200
        assert witness.add_entries(source.upload(300, 600)[:-1]).status == 202
        seen, kept = witness.checkpoint(hashed), witness.checkpoint(hashed, is_mirror=True)
        assert seen is not None
        assert kept is not None
        told = [split_note(one.body.decode()) for one in (seen, kept)]
        assert [text.split("\n")[1] for text, _ in told] == ["600", "300"]
        assert [[one.name for one in lines] for _, lines in told] == [
            [ORIGIN, "example.com/w"],
            [ORIGIN, "example.com/m"],
        ]
        assert witness.tile(hashed, "tile/0/001.p/44") is not None
        # Kept already, and not said to be: nobody could check it against a checkpoint.
        assert witness.tile(hashed, "tile/0/001") is None
        contradicting = Source(900, b"other %d").request(600, 900)
        assert witness.add_checkpoint(contradicting).status == 422
        assert len(file.suspects(ORIGIN)) == 1
