"""The mirror: uploads in every order, cut off, overtaken and forged; group 9 of the adversaries.

The cases are those of Sunlight's tests of its mirror, in our own words.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayward.ledger.checkpoint import open_checkpoint
from bayward.ledger.errors import Unverified
from bayward.ledger.keys import cosigner
from bayward.ledger.mirror import EXCESS_MAX, INFO
from bayward.ledger.note import split_note
from bayward.ledger.upload import Header, build, parse_header
from bayward.ledger.witness import Answer
from ledger_bench import LOG, ORIGIN, ed25519_key, refused
from mirror_bench import MIRROR, Source, World


def told(answer: Answer, status: int) -> tuple[int, int, bytes]:
    """Size, next entry and ticket of a mirror-info."""
    assert (answer.status, answer.content_type) == (status, INFO), answer
    size, following, ticket, rest = answer.body.decode().split("\n")
    assert not rest
    return int(size), int(following), base64.b64decode(ticket)


def published(world: World) -> int:
    """Size of the published checkpoint, which must hold both signatures."""
    keys = [cosigner(MIRROR, ed25519_key("mirror"), 1).key]
    signed = open_checkpoint(world.store.published, LOG.key, keys)
    assert signed.cosignatures == {MIRROR: world.time}
    names = [one.name for one in split_note(world.store.published)[1]]
    assert names == [ORIGIN, MIRROR], "the witness's line is another statement"
    assert (
        world.store.entries[: signed.checkpoint.size]
        == (world.source.entries[: signed.checkpoint.size])
    )
    return signed.checkpoint.size


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600])
def test_a_whole_log_in_one_request(size: int) -> None:
    world = World(size)
    assert world.see(0, size).status == 200
    answer = world.bring(0, size)
    assert answer.status == 200
    assert answer.body.decode() == split_note(world.store.published)[1][-1].line
    assert published(world) == size


def test_audit_09_it_goes_on_from_any_cut() -> None:
    world = World(600)
    world.see(0, 600)
    body = world.source.upload(0, 600)
    assert world.mirror.add_entries(body[:100]).status == 400
    size, following, ticket = told(world.mirror.add_entries(body[:4500]), 202)
    assert (size, following) == (600, 256)
    assert told(world.bring(256, 600, ticket, packages=1), 202)[:2] == (600, 512)
    assert not world.store.published
    assert world.bring(512, 600, ticket).status == 200
    assert published(world) == 600


def test_audit_09_a_replay_changes_nothing() -> None:
    world = World(600)
    world.see(0, 600)
    world.bring(0, 600)
    before = list(world.store.hashes)
    first = world.store.published
    assert world.bring(0, 600).status == 200
    assert world.store.hashes == before
    assert world.store.published != first, "a fresh time"
    assert published(world) == 600


def test_audit_09_a_gap_is_told_where_to_go_on() -> None:
    world = World(600)
    world.see(0, 600)
    assert told(world.bring(256, 600), 409)[:2] == (600, 0)
    world.bring(0, 600, packages=1)
    assert told(world.bring(257, 600), 409)[:2] == (600, 256)
    assert told(world.bring(512, 600), 409)[:2] == (600, 256)


def test_audit_09_out_of_order_and_foreign_packages_are_refused() -> None:
    world = World(600)
    world.see(0, 600)
    header, at = parse_header(world.source.upload(0, 600))
    first, second = (world.source.upload(n, 600, b"", 1)[at:] for n in (0, 256))
    other = Source(600, b"other %d").upload(0, 600)[at:]
    for body in (second + first, other):
        assert world.mirror.add_entries(header.encode() + body).status == 422
    assert not world.store.entries
    # What held before the one that does not is kept, since nothing can be wrong with it.
    assert world.mirror.add_entries(header.encode() + first + first).status == 422
    assert len(world.store.entries) == 256


def test_audit_09_the_same_index_with_other_content_is_refused() -> None:
    world = World(300)
    world.see(0, 300)
    world.bring(0, 300)
    forged = Source(300, b"other %d")
    assert world.mirror.add_entries(forged.upload(0, 300)).status == 422
    assert published(world) == 300


def test_audit_09_a_cloned_key_cannot_fork_the_mirror() -> None:
    """Two devices with one key: the second's checkpoint does not get past the witness."""
    world = World(300)
    world.see(0, 200)
    world.bring(0, 200)
    clone = World(0)
    clone.source, clone.store = Source(300, b"clone %d"), world.store
    assert clone.see(200, 300).status == 422
    assert told(clone.bring(200, 300), 409)[:2] == (200, 200)
    assert world.see(200, 300).status == 200
    assert world.bring(200, 300).status == 200
    assert published(world) == 300


def test_audit_09_a_ticket_brings_an_older_checkpoint_back() -> None:
    world = World(1000)
    world.see(0, 600)
    *_, ticket = told(world.bring(0, 600, packages=1), 202)
    world.see(600, 1000)
    assert told(world.bring(256, 600), 409)[:2] == (1000, 256)
    size, following, ticket = told(world.bring(256, 600, ticket, packages=1), 202)
    assert (size, following) == (600, 512)
    assert world.bring(512, 600, ticket).status == 200
    assert published(world) == 600
    assert world.bring(600, 1000).status == 200
    assert published(world) == 1000


def test_audit_09_a_stale_or_forged_ticket_is_no_ticket() -> None:
    world = World(1000)
    world.see(0, 600)
    *_, ticket = told(world.bring(0, 600, packages=1), 202)
    world.see(600, 1000)
    bent = ticket[:40] + bytes([ticket[40] ^ 1]) + ticket[41:]
    for one in (
        bent,
        ticket[:-1],
        ticket[:31],
        b"\0" * 32,
        bytes(32) + world.source.note(600).encode(),
    ):
        assert told(world.bring(256, 600, one), 409)[:2] == (1000, 256)
    # Of another log: the note says whose it is.
    other = world.mirror.ticket(world.store.pending.replace(ORIGIN, "example.com/other"))
    assert told(world.bring(256, 1000 - 400, other), 409)[0] == 1000
    # After a start with another secret it is worth nothing, and nothing is lost.
    world.mirror = world.started(b"t" * 32)
    assert told(world.bring(256, 600, ticket), 409)[:2] == (1000, 256)
    assert world.bring(256, 1000).status == 200


def test_audit_09_a_ticket_never_rolls_the_mirror_back() -> None:
    world = World(600)
    world.see(0, 300)
    *_, ticket = told(world.bring(0, 300, packages=1), 202)
    world.see(300, 600)
    world.bring(256, 600)
    assert published(world) == 600
    assert told(world.bring(256, 300, ticket), 409)[:2] == (600, 600)
    assert published(world) == 600


def test_audit_09_entries_ahead_of_the_checkpoint_are_still_published() -> None:
    """Uploads towards 600 stopped behind 300; the ticket for 300 needs no entries any more."""
    world = World(600)
    world.see(0, 300)
    *_, ticket = told(world.bring(0, 300, packages=1), 202)
    world.see(300, 600)
    world.bring(256, 600, packages=1)
    assert world.store.frontier.size == 512
    assert world.bring(300, 300, ticket).status == 200
    assert published(world) == 300
    assert world.bring(512, 600).status == 200


def test_audit_09_an_upload_far_behind_is_not_read_again() -> None:
    size = 3000
    world = World(size)
    world.see(0, size)
    world.bring(0, size)
    assert told(world.bring(size - EXCESS_MAX - 1, size), 409)[:2] == (size, size)
    assert world.bring(size - EXCESS_MAX, size).status == 200


def test_audit_09_interleaved_uploads_lose_nothing() -> None:
    world = World(600)
    world.see(0, 600)
    depth = [0]

    def overtake() -> None:
        if depth[0] < 2:
            depth[0] += 1
            world.bring(0, 600, packages=depth[0])

    world.store.before_add = overtake
    assert world.bring(0, 600).status == 200
    assert depth == [2]
    assert published(world) == 600


def test_audit_09_another_request_publishes_in_between() -> None:
    world = World(600)
    world.see(0, 300)
    *_, ticket = told(world.bring(0, 300, packages=1), 202)
    world.see(300, 600)

    def overtake() -> None:
        world.store.before_publish = lambda: None
        assert world.bring(256, 600).status == 200

    world.store.before_publish = overtake
    assert told(world.bring(256, 300, ticket), 409)[:2] == (600, 600)
    assert published(world) == 600


def test_audit_09_a_crash_after_storing_and_before_cosigning_is_made_good() -> None:
    world = World(300)
    world.see(0, 300)

    def crash() -> None:
        raise OSError("power lost")

    world.store.before_publish = crash
    with pytest.raises(OSError, match="power"):
        world.bring(0, 300)
    assert not world.store.published
    world.store.before_publish = lambda: None
    world.mirror = world.started(b"u" * 32)
    assert world.bring(300, 300).status == 200
    assert published(world) == 300


def test_a_store_that_lost_its_hashes_cosigns_nothing() -> None:
    world = World(300)
    world.see(0, 300)
    world.bring(0, 300, packages=1)
    world.store.hashes[0] = bytes(32)
    world.store.hashes[510] = bytes(32)
    with refused(Unverified, "mirror.root"):
        world.bring(256, 300)
    assert not world.store.published


def test_what_a_request_can_ask_wrongly() -> None:
    world = World(300)
    assert world.bring(0, 300).status == 422, "no checkpoint yet"
    unknown = build(Header("example.com/x", 0, 0), lambda *_: [], world.source)
    assert world.mirror.add_entries(unknown).status == 404
    assert world.mirror.add_entries(b"").status == 400
    world.see(0, 300)
    assert told(world.bring(0, 0), 409)[:2] == (300, 0), "how a client finds out"
    assert told(world.bring(0, 299), 409)[:2] == (300, 0)
    body = Header(ORIGIN, 0, 300).encode() + b"\0\0" * 256 + bytes([64]) + bytes(2048)
    assert world.mirror.add_entries(body).status == 400


def test_an_empty_log_is_mirrored_and_grows() -> None:
    world = World(5)
    world.see(0, 0)
    assert world.bring(0, 0).status == 200
    assert published(world) == 0
    world.see(0, 5)
    assert world.bring(0, 5).status == 200
    assert published(world) == 5


@settings(max_examples=40)
@given(st.data())
def test_whatever_is_brought_the_mirror_converges(data: st.DataObject) -> None:
    world = World(900)
    seen = 0
    tickets = [b""]
    for _ in range(data.draw(st.integers(1, 8))):
        if data.draw(st.booleans()):
            new = data.draw(st.integers(seen, 900))
            assert world.see(seen, new).status == 200
            seen = new
        end = data.draw(st.integers(0, 900))
        start = data.draw(st.integers(0, end))
        ticket = data.draw(st.sampled_from(tickets))
        answer = world.bring(start, end, ticket, data.draw(st.integers(0, 4)))
        assert answer.status in {200, 202, 400, 409, 422}
        if answer.content_type == INFO:
            tickets.append(told(answer, answer.status)[2])
    world.see(seen, 900)
    assert world.bring(world.store.frontier.size, 900).status == 200
    assert published(world) == 900
