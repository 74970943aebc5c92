"""Samples of the phone and of the public page that checks receipts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bayward.ui.gallery import Sample
from bayward.ui.gallery.world import DOOR_14, WALL, ago, ahead
from bayward.ui.views import resident, verify
from bayward.ui.views.base import Language, Problem, TimeProof
from bayward.ui.views.receipt import Handed, ReceiptAwaited, ReceiptPage
from bayward.ui.views.wall import Reach

URL = "/p/7k2m9qxr04tdwzpa66hn3fjc8b"


def frame(language: str = "en", person: str | None = None) -> resident.PhoneFrame:
    """The frame of a page."""
    languages = tuple(
        Language(code, f"?lang={code}", is_current=code == language)
        for code in ("en", "es", "pl", "de")
    )
    return resident.PhoneFrame(path=URL, languages=languages, person=person)


HISTORY = (
    resident.Moment(
        at=ago(1790),
        kind="parcel.deposited",
        facts={"door": "14", "carrier": "UPS"},
        is_proven=True,
    ),
    resident.Moment(
        at=ago(90_000), kind="compartment.reserved", facts={"door": "14"}, is_proven=True
    ),
)
PASS = resident.Pass(
    frame=frame(),
    parcel="prc_0c7m2k9v4x1q8z5n3b6r7t2w4y",
    url=URL,
    state=resident.PassState.WAITING,
    compartment="14",
    reach=Reach.WAIST,
    where="Lobby A",
    site="Northgate House",
    until=ahead(7),
    carrier="UPS",
    tracking_masked="1Z 5R8…7127",
    wall=WALL,
    position=DOOR_14,
    history=HISTORY,
    is_receipt_ready=True,
)


def passes() -> Iterator[Sample]:
    """One parcel in all its states."""
    yield Sample("resident/pass", PASS)
    for language in ("es", "pl"):
        yield Sample(f"resident/pass-{language}", replace(PASS, frame=frame(language)), language)
    yield Sample("resident/pass-here", replace(PASS, is_here=True))
    for name, code in (("locked-down", "lockdown"), ("cable-cut", "link.not_connected")):
        yield Sample(f"resident/pass-{name}", replace(PASS, trouble=Problem(code)))
    wrong = Problem("presence.wrong")
    yield Sample("resident/pass-wrong-number", replace(PASS, problem=wrong))
    for state in resident.OpenState:
        opening = resident.Opening(state=state, at=ago(2))
        yield Sample(
            f"resident/pass-{state.value.replace('_', '-')}", replace(PASS, opening=opening)
        )
    overdue = replace(PASS, state=resident.PassState.OVERDUE, until=ago(90_000))
    yield Sample("resident/pass-overdue", overdue)
    for robbed in ("waiting", "held", "collected"):
        forced = replace(PASS, state=resident.PassState(robbed), forced_at=ago(240))
        yield Sample(f"resident/pass-{robbed}-forced", replace(forced, is_looked_into=True))
    forced = replace(PASS, frame=frame("de"), forced_at=ago(240), trouble=Problem("lockdown"))
    yield Sample("resident/pass-forced-locked-down-de", forced, "de")
    for end in ("collected", "returned", "held", "on_its_way"):
        ended = replace(PASS, state=resident.PassState(end))
        yield Sample(f"resident/pass-{end.replace('_', '-')}", ended)


def pages() -> Iterator[Sample]:
    """Lists, the kiosk's QR, signing in."""
    signed_in = frame(person="Mary Okafor")
    card = resident.ParcelCard(
        href=URL,
        parcel=PASS.parcel,
        state=resident.PassState.WAITING,
        compartment="14",
        where="Lobby A",
        carrier="UPS",
        until=ahead(7),
    )
    robbed = replace(card, compartment="09", is_forced=True)
    past = (
        replace(card, state=resident.PassState.COLLECTED, compartment="03", at=ago(500_000)),
        replace(robbed, state=resident.PassState.COLLECTED, at=ago(3_000_000)),
    )
    late = replace(card, state=resident.PassState.OVERDUE, compartment="56", carrier="FedEx")
    home = resident.Home(frame=signed_in, waiting=(card, late, robbed), past=past)
    yield Sample("resident/home", home)
    yield Sample("resident/home-forced", replace(home, waiting=(robbed,), past=()))
    yield Sample("resident/home-empty", replace(home, waiting=(), past=()))
    here = resident.Here(frame=signed_in, bank="Lobby A", parcels=(card,))
    yield Sample("resident/here", here)
    yield Sample("resident/here-locked-down", replace(here, trouble=Problem("lockdown")))
    yield Sample("resident/here-none", replace(here, parcels=()))
    yield Sample("resident/here-stale", replace(here, is_fresh=False))
    yield Sample(
        "resident/here-signed-out", replace(here, frame=frame(), parcels=(), is_signed_in=False)
    )
    yield Sample("resident/sign-in", resident.SignIn(frame=frame()))
    yield Sample(
        "resident/sign-in-wrong",
        resident.SignIn(frame=frame(), email="mary@", problem=Problem("person.email")),
    )
    sent = resident.SignInSent(frame=frame("pl"), email="mary@mail.example")
    yield Sample("resident/sign-in-sent", sent, "pl")
    yield Sample("resident/link-open", resident.LinkOpen(frame=frame(), url="/l/x"))
    yield Sample("resident/link-expired", resident.LinkExpired(frame=frame()))
    yield Sample("resident/offline", resident.Offline(frame=frame()))


def checks() -> Iterator[Sample]:
    """The public page."""
    log = verify.KnownLog(
        origin="northgate.example/lobby-a",
        vkey="northgate.example/lobby-a+3f2a91bc+AWq5p1v8Yc0s2QmK7nJd4RfT6hXb9Lz3GxE1uVwPqZkN",
        name="Lobby A, Northgate House",
        size=8_214,
        root="q2Zk0cV9u6mXbT7fYH1sR3nJ5wLpE8aQdGvCtN4oMiU=",
        at=ago(95),
        witnesses=("witness.example",),
    )
    tools = (
        verify.Tool(
            kind="program", name="verify.py", url="/static/verify.py", sha256="9f86d081" * 8
        ),
        verify.Tool(
            kind="page", name="verify.html", url="/static/verify.html", sha256="60303ae2" * 8
        ),
    )
    yield Sample("verify/verify", verify.Verify(known=(log,), tools=tools))
    yield Sample("verify/verify-es", verify.Verify(), "es")
    kept = ReceiptPage(
        fields=(("type", "parcel.collected"), ("parcel", "prc_7x3k"), ("result", "taken")),
        origin="northgate.example/bank/bank_62as95r1qrfja2xxmazxvxcayc/1",
        index=8_200,
        download="/p/x/receipt",
        time=TimeProof("S", ago(1_020), ago(741)),
        link="https://northgate.example/verify/northgate.example/lobby-a#r=" + "q2Zk0cV9" * 150,
    )
    yield Sample("verify/receipt", kept)
    handed = Handed(
        what="parcel.deposited",
        at=ago(9),
        bank="Lobby A",
        door="14",
        tracking="1Z5R89390357567127",
        carrier="UPS",
    )
    yield Sample("verify/receipt-handed", replace(kept, handed=handed, languages=frame().languages))
    awaited = ReceiptAwaited(
        bank="Lobby A", path="/receipt/x/y", days=90, languages=frame().languages
    )
    yield Sample("verify/receipt-awaited", awaited)
    yield Sample("verify/receipt-awaited-de", awaited, "de")


def samples() -> Iterator[Sample]:
    """All of this file."""
    yield from passes()
    yield from pages()
    yield from checks()
