"""Attack cases that need the shell of a bank: its threads, its files, its keys, its clock."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bayward.core.clock import DAY_MS, after
from bayward.core.compartment import Size
from bayward.core.events import EventType
from bayward.core.throttle import KIOSK
from bayward.edge.agent import BeginDeposit, Leave, PresentCode, PresentPass, Stage
from bayward.edge.controller import Tick
from bayward.edge.identity import Trust
from bayward.edge.state_dir import StateDir
from bayward.edge.trust_store import TrustStore
from bayward.wire import base45
from bayward.wire.messages import Issuer
from bayward.wire.passes import PREFIX, Pass, Purpose, sign_pass
from edge_bench import BANK, ClerkBench
from edge_rig import EdgeRig, enrolled, layout, running_edge, running_twin
from kiosk_bench import KioskBench
from table_top import ANNA

T = EventType
DOORS = layout(4)
PARCEL = BeginDeposit(ANNA, Size.S, "1Z5R89390357567127", needs_low=False)
AT_ONCE = 8


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[EdgeRig]:
    enrolled(tmp_path / "state")
    async with (
        running_twin(DOORS) as twin,
        running_edge(twin, DOORS, tmp_path / "state") as rig,
    ):
        await rig.until_read()
        yield rig


@pytest.mark.parametrize("through", ["kiosk", "agent"])
async def test_identity_02_one_code_from_eight_sessions_at_once_opens_once(
    rig: EdgeRig, through: str
) -> None:
    """The agent is asked directly too: it does not rely on what a kiosk holds back."""
    code, door = await rig.deposit()
    pulses = len(rig.twin.pulses)
    if through == "kiosk":
        cookie = {**rig.browser.headers, "cookie": "; ".join(cookies(rig.browser))}
        browsers = [
            httpx.AsyncClient(base_url=rig.browser.base_url, headers=cookie, trust_env=False)
            for _ in range(AT_ONCE)
        ]
        answers = await asyncio.gather(
            *(browser.post("/kiosk/collect", data={"code": code}) for browser in browsers)
        )
        assert {answer.status_code for answer in answers} == {303}
        await asyncio.gather(*(browser.aclose() for browser in browsers))
    else:
        await asyncio.gather(*(rig.edge.office.ask(PresentCode(code)) for _ in range(AT_ONCE)))
    await rig.until_door(door, "open")
    await rig.post("/kiosk/collect", code=code)
    events = await rig.edge.office.on_clerks_thread(lambda: list(rig.edge.journal.events()))
    granted = [one for one in events if one.type is T.ACCESS_GRANTED]
    assert [one.compartment for one in granted] == [door]
    assert [pulse.compartment for pulse in rig.twin.pulses[pulses:]] == [door]
    if through == "agent":
        refused = [one.reason for one in events if one.type is T.ACCESS_REFUSED]
        assert refused[:3] == ["grant.in_use"] * 3  # then they are wrong codes like any other
        assert len(refused) >= AT_ONCE - 1


def cookies(browser: httpx.AsyncClient) -> list[str]:
    return [f"{one.name}={one.value}" for one in browser.cookies.jar]


async def test_identity_05_another_banks_code_is_answered_like_no_code_at_all(
    tmp_path: Path,
) -> None:
    """Same kiosk, same salt, same draw; only the bank's key differs, as between tenants too."""
    theirs = ClerkBench(tmp_path / "theirs.db", code_key=bytes(range(32)))
    theirs.start()
    theirs.read_all()
    code, _ = theirs.deposit(PARCEL)
    bench = KioskBench(tmp_path)
    bench.clerk.random.seed(9)  # or both draw the same numbers
    assert bench.clerk.deposit(PARCEL)[0] != code
    await bench.get("/kiosk")
    pages = []
    for tried in (code, "00000000"):
        await bench.get("/kiosk/collect")
        assert await bench.post("/kiosk/collect", code=tried) == "/kiosk/refused"
        pages.append((await bench.get("/kiosk/refused")).partition("<main")[2])
    assert pages[0] == pages[1]
    refused = [one for one in bench.clerk.journal.events() if one.type is T.ACCESS_REFUSED]
    assert [one.reason for one in refused] == ["code.unknown"] * 2
    assert not [one for one in bench.clerk.journal.events() if one.type is T.ACCESS_GRANTED]


def test_identity_08_fifty_power_cuts_between_guesses_refill_nothing(tmp_path: Path) -> None:
    bench = ClerkBench(tmp_path / "journal.db")
    bench.start()
    bench.read_all()
    for guess in range(50):
        bench.do(PresentCode(f"{guess:08d}"))
        bench.do(Leave())
        bench.clock.wall_ms -= DAY_MS * (guess % 3)  # and a dead battery now and then
        bench.clock.mono_ms = 0
        bench.restart()
    reasons = [one.reason for one in bench.journal.events() if one.type is T.ACCESS_REFUSED]
    assert reasons.count("code.unknown") <= KIOSK.burst
    assert reasons.count("throttled") >= 50 - KIOSK.burst


async def test_identity_12_how_long_a_refusal_takes_tells_nothing(tmp_path: Path) -> None:
    """Mann-Whitney over interleaved tries of used, expired, foreign and unknown codes.

    A sweep that runs many times a day must not cry wolf, so the bar is p > 1e-4; the control
    shows that a difference as large as the noise of this machine would be found.
    """
    bench = KioskBench(tmp_path, code_floor_s=0.02)
    used, door = bench.clerk.deposit(PARCEL)
    bench.clerk.do(PresentCode(used))
    bench.play()
    bench.clerk.read(door, is_closed=True)
    expired, _ = bench.clerk.deposit(PARCEL)
    bench.clerk.clock.later(8 * DAY_MS)
    bench.clerk.do(Tick())
    theirs = ClerkBench(tmp_path / "theirs.db", code_key=bytes(range(32)), seed=2)
    theirs.start()
    theirs.read_all()
    foreign, _ = theirs.deposit(PARCEL)
    codes = {"used": used, "expired": expired, "foreign": foreign, "unknown": "31415926"}
    took: dict[str, list[float]] = {name: [] for name in codes}
    loop = asyncio.get_running_loop()
    for _ in range(10):
        for name, code in codes.items():
            await bench.get("/kiosk/collect")
            began = loop.time()
            assert await bench.post("/kiosk/collect", code=code) == "/kiosk/refused"
            took[name].append(loop.time() - began)
            bench.clerk.clock.later(7_200_000)
    reasons = {one.reason for one in bench.clerk.journal.events() if one.reason}
    assert {"code.dead", "code.unknown"} <= reasons
    for one, other in itertools.combinations(codes, 2):
        assert mann_whitney(took[one], took[other]) > 1e-4, (one, other)
    noise = max(took["unknown"]) - min(took["used"])
    slower = [seconds + noise + 0.001 for seconds in took["used"]]
    assert mann_whitney(slower, took["unknown"]) < 1e-4, "the control"


def mann_whitney(one: list[float], other: list[float]) -> float:
    """The exact two-sided p of the rank sum; times of a clock have no ties to speak of."""
    u = sum((a > b) + 0.5 * (a == b) for a in one for b in other)
    n, m = len(one), len(other)
    counts = {0: {0: 1}}  # members of `one` seen -> U so far -> ways
    for place in range(n + m):
        following: dict[int, dict[int, int]] = {}
        for taken, row in counts.items():
            for sum_, ways in row.items():
                if taken < n:
                    at = following.setdefault(taken + 1, {})
                    at[sum_ + place - taken] = at.get(sum_ + place - taken, 0) + ways
                if place - taken < m:
                    at = following.setdefault(taken, {})
                    at[sum_] = at.get(sum_, 0) + ways
        counts = following
    all_ways = counts[n]
    extreme = min(u, n * m - u)
    tail = sum(ways for value, ways in all_ways.items() if value <= extreme)
    return min(1.0, 2 * tail / sum(all_ways.values()))


def test_the_rank_sum_is_that_of_the_tables() -> None:
    """n = m = 5: U = 2 is significant at 5 %, U = 3 is not; and the least p for n = m = 10."""
    assert mann_whitney([1, 2, 3, 4, 7], [5, 6, 8, 9, 10]) == pytest.approx(0.0317, abs=1e-3)
    assert mann_whitney([1, 2, 3, 4, 8], [5, 6, 7, 9, 10]) == pytest.approx(0.0556, abs=1e-3)
    low, high = [float(n) for n in range(10)], [float(n) for n in range(10, 20)]
    assert mann_whitney(low, high) == pytest.approx(2 / 184_756)


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ISSUER = ec.derive_private_key(77, ec.SECP256R1())


def test_identity_28_the_twin_of_a_used_pass_opens_nothing(tmp_path: Path) -> None:
    """s becomes n minus s: as valid a signature, over the same grant, which is used up once."""
    spki = ISSUER.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    store = TrustStore(BANK, StateDir(tmp_path / "state"))
    store.take(Trust(issuers=(Issuer(kid=3, spki=spki),)))
    bench = ClerkBench(tmp_path / "journal.db", open_pass=store.open_pass)
    bench.start()
    bench.read_all()
    _, door = bench.deposit(PARCEL)
    bench.do(Leave())
    [issued] = [one for one in bench.journal.events() if one.type is T.GRANT_ISSUED]
    claims = Pass(
        audience=BANK.public_code,
        grant=bench.letters[-1].subject,  # type: ignore[arg-type]  # a pickup letter's is a grant
        purpose=Purpose.PICKUP,
        not_before=bench.trusted.now(),
        not_after=after(bench.trusted.now(), DAY_MS),
    )
    shown = sign_pass(claims, key_id=3, key=ISSUER)
    raw = base45.decode(shown.removeprefix(PREFIX))
    other_s = ORDER - int.from_bytes(raw[-32:], "big")
    twin = PREFIX + base45.encode(raw[:-32] + other_s.to_bytes(32, "big"))
    assert twin != shown

    assert bench.do(PresentPass(twin)).view.visit.stage is Stage.OPENING
    assert bench.do(PresentPass(shown)).view.visit.stage is Stage.REFUSED  # while it opens
    assert bench.opens() == door
    bench.read(door, is_closed=True)
    for used in (shown, twin):
        assert bench.do(PresentPass(used)).view.visit.stage is Stage.REFUSED
    kinds = [one for one in bench.journal.events() if one.grant == issued.grant]
    assert [one.type for one in kinds].count(T.ACCESS_GRANTED) == 1
    reasons = [one.reason for one in kinds if one.reason]
    assert reasons == ["grant.in_use", "grant.used", "grant.used"]
