from __future__ import annotations

import pytest

from bayward.sim.network import Line, Network, Wire
from bayward.sim.world import World


class Ends:
    """Both ends of one connection, and what they heard."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(seed)
        self.network = Network(self.world)
        self.network.lines["north"] = Line()
        self.network.accept = self._accept
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.lost: list[str] = []
        self.wire = self._connect()

    def _accept(self, wire: Wire) -> bool:
        wire.cloud.on_frame = self.up.append
        wire.cloud.on_closed = lambda reason: self.lost.append(f"cloud {reason}")
        return True

    def _connect(self) -> Wire:
        wire = self.network.connect("north")
        assert wire is not None
        wire.edge.on_frame = self.down.append
        wire.edge.on_closed = lambda reason: self.lost.append(f"edge {reason}")
        return wire


@pytest.mark.parametrize("is_slow", [False, True])
def test_frames_arrive_whole_and_in_order(is_slow: bool) -> None:
    ends = Ends()
    ends.network.lines["north"].is_slow = is_slow
    frames = [bytes([number]) * number for number in range(1, 40)]
    for frame in frames:
        ends.wire.edge.send(frame)
        ends.wire.cloud.send(frame)
    ends.world.run(60_000)
    assert ends.up == ends.down == frames


def test_a_cut_takes_effect_at_any_byte() -> None:
    """Whatever seed cuts where: a beginning of the frames arrives, and never a part of one."""
    counts = set()
    frames = [bytes([number]) * 50 for number in range(10)]
    for seed in range(30):
        ends = Ends(seed)
        for frame in frames:
            ends.wire.edge.send(frame)
        ends.world.run(30)
        ends.network.cut("north")
        ends.world.run(60_000)
        assert ends.up == frames[: len(ends.up)]
        assert sorted(ends.lost) == ["cloud link.broken", "edge link.broken"]
        counts.add(len(ends.up))
    assert len(counts) > 3


def test_a_half_open_line_tells_nobody_and_takes_nothing() -> None:
    ends = Ends()
    ends.network.cut("north", is_noticed=False)
    ends.wire.edge.send(b"hello?")
    ends.world.run(600_000)
    assert not ends.up
    assert not ends.lost
    assert ends.network.connect("north") is None
    ends.network.mend("north")
    assert ends.network.connect("north") is not None


def test_what_was_sent_before_hanging_up_still_arrives() -> None:
    ends = Ends()
    ends.wire.edge.send(b"goodbye")
    ends.wire.edge.close()
    ends.wire.cloud.send(b"too late")
    ends.world.run(10_000)
    assert ends.up == [b"goodbye"]
    assert ends.down == []
    assert ends.lost == ["cloud link.closed"]


def test_an_old_connection_still_delivers_while_a_new_one_is_up() -> None:
    ends = Ends()
    ends.network.lines["north"].latency_ms = (500, 500)
    ends.wire.edge.send(b"old")
    ends.network.lines["north"].latency_ms = (5, 5)
    ends._connect().edge.send(b"new")
    ends.world.run(10_000)
    assert ends.up == [b"new", b"old"]


def test_bytes_under_way_are_counted_and_heard() -> None:
    ends = Ends()
    heard: list[bytes] = []
    ends.network.on_bytes = lambda _, data: heard.append(data)
    ends.wire.edge.send(b"12345")
    assert ends.wire.under_way() == 9
    assert heard == [b"\x00\x00\x00\x0512345"]
    ends.network.drop("north")
    ends.wire.edge.send(b"nobody hears this")
    assert len(heard) == 1
