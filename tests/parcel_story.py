"""One parcel from the courier's hand to the recipient's, through everything real but the steel.

Controller, clerk, journal and code book of a bank; ingest, log, reactions and slices of a control
plane on a database. Chance has a seed and time is moved by hand, so the story is the same every
time; only signatures and sealed letters differ, and they are not told. The page
`docs/explanation/follow-one-parcel.md` shows what is collected here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import cloud_bench
from bayward.cloud import orders
from bayward.cloud.access import couriers
from bayward.cloud.audit import service as audit
from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.fleet.pki import DeviceIdentity
from bayward.cloud.privacy.retention import RETAIN_JOB
from bayward.cloud.storage import schema as s
from bayward.cloud.unit import Work
from bayward.core.clock import DAY_MS, after
from bayward.core.compartment import Size
from bayward.core.events import Event, EventType
from bayward.core.ids import SiteId, TenantId
from bayward.core.roles import Role
from bayward.edge.agent import BeginDeposit, ConfirmDeposit, PresentCode, SignIn
from bayward.edge.controller import CommandReceived, Letter
from bayward.edge.journal import SealedLetter
from bayward.edge.uplink import JournalOutbox
from bayward.ledger.keys import ecdsa_signer
from bayward.ledger.leaf import Disclosure
from bayward.ledger.verify import verify_receipt
from bayward.wire import letters
from bayward.wire.messages import layout_of
from cloud_bench import EPOCH, HOUSE, NOTIFIER, CloudBench, named
from edge_bench import BANK, LOG_KEY, ClerkBench, make_settings

TRACKING = "1Z5R89390357567127"
OPENS_MS = 300
DOOR_OPEN_MS = 4_000


class Bank(ClerkBench):
    """A bank that seals its letters for our control plane."""

    def seal(self, letter: Letter) -> SealedLetter:
        self.letters.append(letter)
        sealed = letters.seal(letter.code, NOTIFIER.public_key(), BANK, letter.subject)
        return SealedLetter(letter.kind, letter.subject, sealed)


@dataclass
class Story:
    """What is told, by the name of each block on the page."""

    bank: Bank
    cloud: CloudBench
    tenant: TenantId
    told: dict[str, str]
    seen: int = 0

    def tell(self, name: str) -> None:
        """The events since the last time, as they stand in the log."""
        events = list(self.bank.journal.events(self.seen))
        self.seen += len(events)
        self.told[name] = fenced("json", "\n".join(map(line, events)))

    def skip(self) -> None:
        self.seen = self.bank.journal.head.size


def line(event: Event) -> str:
    """An event in the form it has in exports, without what the recorder stamps."""
    fields = event.public().to_fields()
    for stamp in ("tq", "boot", "mono"):
        fields.pop(stamp, None)
    return json.dumps(fields, indent=1, ensure_ascii=False)


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


async def tell(folder: Path) -> dict[str, str]:
    """The whole story."""
    story = await begin(folder)
    bank, cloud = story.bank, story.cloud
    mary = await cloud.person(story.tenant, "Mary", Role.RESIDENT)

    bank.do(SignIn(await admit(story)))
    story.tell("admit")
    outcome = bank.do(BeginDeposit(mary, Size.M, TRACKING, needs_low=False))
    story.tell("reserve")
    told = ",\n    ".join(
        f"{field.name}={getattr(outcome.effects[0], field.name)!r}"
        for field in fields(outcome.effects[0])
    )
    story.told["effect"] = fenced("python", f"{type(outcome.effects[0]).__name__}(\n    {told},\n)")
    passes(story, is_occupied=True)
    story.tell("doors")
    bank.do(ConfirmDeposit())
    story.tell("deposit")
    tell_leaf(story, EventType.PARCEL_DEPOSITED)
    await upload(story)
    tell_tables(story)

    bank.do(PresentCode(bank.letters[-1].code))
    passes(story, is_occupied=False)
    story.tell("collect")
    await upload(story)
    await tell_receipt(story)
    return story.told


def passes(story: Story, *, is_occupied: bool) -> None:
    """The lock opens the door, somebody reaches in, and shuts it."""
    bank = story.bank
    bank.clock.later(OPENS_MS)
    door = bank.opens()
    bank.clock.later(DOOR_OPEN_MS)
    bank.read(door, is_closed=True, is_occupied=is_occupied)


async def begin(folder: Path) -> Story:
    """A control plane that knows the bank's key, and a bank whose doors are all shut."""
    cloud = cloud_bench.make()
    tenant = await cloud.tenant()
    settings = replace(make_settings(), deployment=HOUSE)
    bank = Bank(folder / "journal.db", settings=settings)
    bank.start()
    bank.read_all()
    await cloud.do(enrol, tenant, bank.journal.origin)
    layout = layout_of("North lobby", "0" * 64, settings.layout)
    await cloud.ingest.layout(DeviceIdentity(tenant, BANK, "pin"), layout)
    story = Story(bank, cloud, tenant, {})
    story.skip()
    return story


def enrol(work: Work, tenant: TenantId, origin: str) -> None:
    """What enrolment leaves behind: the bank, its log's name and its key."""
    made = fleet_store.Bank(
        tenant=tenant,
        bank=BANK,
        site=SiteId(named(SiteId, 1)),
        name="North lobby",
        state=fleet_store.BankState.ENROLLED,
        created_at=work.now,
        spki=bytes(32),
        origin=origin,
    )
    fleet_store.insert_bank(work.tx, made)
    vkey = ecdsa_signer(origin, LOG_KEY).key.vkey
    event = Event(
        type=EventType.BANK_ENROLLED, time=work.now, bank=BANK, origin=origin, detail=vkey
    )
    work.emit(event, tenant=tenant)


async def admit(story: Story) -> str:
    """An administrator admits a courier here; the order goes down, the code comes up."""
    bank, cloud, tenant = story.bank, story.cloud, story.tenant
    ada = await cloud.person(tenant, "Ada", Role.ADMIN)
    carl = await cloud.person(tenant, "Carl", Role.COURIER)
    until = after(cloud.clock.now(), 30 * DAY_MS)
    await cloud.do(
        couriers.admit,
        tenant,
        BANK,
        person=carl,
        name="Carl",
        carrier="UPS",
        until=until,
        actor=ada,
    )
    (command,) = await cloud.do(orders.take, tenant, BANK, EPOCH)
    bank.do(CommandReceived(command, EPOCH))
    return bank.letters[-1].code


async def upload(story: Story) -> None:
    """Everything that is not in the control plane yet, as the uplink sends it."""
    journal = story.bank.journal

    async def errand(run: Callable[[], Any]) -> Any:
        return run()  # one thread is enough here

    box = JournalOutbox(journal, ecdsa_signer(journal.origin, LOG_KEY), errand)
    message = await box.upload(journal.head.acked)
    assert message is not None
    acked = await story.cloud.ingest.upload(DeviceIdentity(story.tenant, BANK, "pin"), message)
    journal.acknowledge(acked.acked)
    shown = {
        "old_size": message.old_size,
        "checkpoint": [*message.checkpoint.splitlines()[:3], "", "— (signature)"],
        "proof": len(message.proof),
        "entries": len(message.entries),
        "letters": [f"{one.kind.value} for {one.subject}" for one in message.letters],
        "acknowledged": acked.acked,
    }
    story.told.setdefault("upload", fenced("json", json.dumps(shown, indent=1, ensure_ascii=False)))


def tell_leaf(story: Story, kind: EventType) -> None:
    """One entry as it is hashed, and one of its fields opened."""
    reader = story.bank.journal.reader()
    place = next(n for n, one in enumerate(reader.events()) if one.type is kind)
    entry = reader.entries(place, place + 1)[0]
    text = entry.leaf.decode()
    story.told["leaf"] = fenced("json", text[:110] + " …")
    tracking = next(one for one in entry.disclosures if Disclosure.parse(one).name == "tracking")
    opened = base64.urlsafe_b64decode(tracking + "=" * (-len(tracking) % 4)).decode()
    story.told["disclosure"] = fenced("text", f"{tracking}\n  = {opened}")


def tell_tables(story: Story) -> None:
    """What the reactions wrote about the parcel."""
    rows: list[str] = []
    for table, columns in (
        (s.parcel, ("parcel", "state", "tracking")),
        (s.grant, ("grant", "state")),
        (s.letter, ("kind", "subject")),
        (s.delivery, ("kind", "address", "state")),
        (s.job, ("kind", "state")),
    ):
        for row in story.cloud.rows(table):
            if row._mapping.get("kind") == RETAIN_JOB:  # is about no parcel
                continue
            told = {name: _as_stored(row._mapping[name]) for name in columns}
            rows.append(f"{table.name:9}{json.dumps(told)}")
    story.told["tables"] = fenced("text", "\n".join(rows))


def _as_stored(value: object) -> object:
    """A cell; one that is sealed is another one each time."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else value


async def tell_receipt(story: Story) -> None:
    """The receipt of the collection, checked as a stranger would."""
    parcel = story.cloud.rows(s.parcel)[0]._mapping["parcel"]
    receipt = await story.cloud.do(audit.parcel_receipt, story.tenant, parcel)
    verdict = verify_receipt(receipt.text, [receipt.key])
    shown = {
        "problems": [str(one) for one in verdict.findings],
        "trust": verdict.trust.value,
        "origin": verdict.origin,
        "entry": verdict.index,
        "of": verdict.size,
        "type": verdict.fields["type"],
        "result": verdict.fields["result"],
    }
    story.told["receipt"] = fenced("json", json.dumps(shown, indent=1, ensure_ascii=False))
