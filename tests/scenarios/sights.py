"""What can be seen in a scenario."""

from __future__ import annotations

from bayward.core.events import EventType
from bayward.edge.agent import Stage
from scenarios.driver import Deviation, Fact
from scenarios.sentences import Sentence, sight
from scenarios.teller import Teller

SIGHTS: list[Sentence] = []


@sight(SIGHTS, Fact.DOOR, "a door opens")
async def _(teller: Teller) -> None:
    await teller.a_door_opens()


@sight(SIGHTS, Fact.DOOR, "{resident}'s door opens")
async def _(teller: Teller, resident: str) -> None:
    await teller.a_door_opens()
    if teller.door != teller.home[resident]:
        raise Deviation(f"it is door {teller.door}, not {teller.home[resident]}")


@sight(SIGHTS, Fact.DOOR, "no door opens")
async def _(teller: Teller) -> None:
    async def one_more() -> bool:
        return bool(await teller.driver.open_doors() - teller.opened)

    await teller.must_not(one_more, "a door opens")


@sight(SIGHTS, Fact.DOOR, "{resident}'s door stands open")
async def _(teller: Teller, resident: str) -> None:
    async def is_open() -> bool:
        return teller.home[resident] in await teller.driver.open_doors()

    await teller.must(is_open, f"{resident}'s door stands open")
    teller.door = teller.home[resident]


@sight(SIGHTS, Fact.PULSE, "no lock moves")
async def _(teller: Teller) -> None:
    async def has_moved() -> bool:
        return len(await teller.driver.pulses()) > teller.pulsed

    await teller.must_not(has_moved, "a lock is pulsed")


@sight(SIGHTS, Fact.PULSE, "one lock moves, once")
async def _(teller: Teller) -> None:
    await teller.driver.settle()
    new = (await teller.driver.pulses())[teller.pulsed :]
    if len(new) != 1:
        raise Deviation(f"pulsed were the locks of doors {list(new)}")


@sight(SIGHTS, Fact.SCREEN, "the kiosk shows {stage}")
async def _(teller: Teller, stage: str) -> None:
    wanted = Stage(stage.replace(" ", "_"))
    await teller.must(lambda: teller.shows(wanted), f"the kiosk shows {stage}")


@sight(SIGHTS, Fact.LOG, "refused: {reason}")
async def _(teller: Teller, reason: str) -> None:
    async def is_refused() -> bool:
        new = [one for one in await teller.new() if one["type"] == EventType.ACCESS_REFUSED]
        return [one["reason"] for one in new] == [reason] and await teller.shows(
            Stage.REFUSED, Stage.LOCKED_DOWN, Stage.FULL
        )

    await teller.must(is_refused, f"refused: {reason}")


@sight(SIGHTS, Fact.LOG, "logged: {event}{facts}")
async def _(teller: Teller, event: str, facts: str) -> None:
    wanted = {"type": event} | dict(one.split("=", 1) for one in facts.split())
    if wanted.get("door") == "here":  # the door that opened last
        wanted["door"] = str(teller.door)

    async def is_logged() -> bool:
        return any(
            all(str(one.get(name)) == value for name, value in wanted.items())
            for one in await teller.new()
        )

    await teller.must(is_logged, f"logged: {event}{facts}")


@sight(SIGHTS, Fact.LOG, "not logged: {event}")
async def _(teller: Teller, event: str) -> None:
    async def is_logged() -> bool:
        return any(one["type"] == event for one in await teller.new())

    await teller.must_not(is_logged, f"logged: {event}")


@sight(SIGHTS, Fact.LOG, "{event} names {keeper} and {other}")
async def _(teller: Teller, event: str, keeper: str, other: str) -> None:
    wanted = {await teller.driver.identity(one) for one in (keeper, other)}

    async def are_named() -> bool:
        return any(
            one["type"] == event
            and wanted <= {one.get(name) for name in ("actor", "recipient", "witness")}
            for one in await teller.new()
        )

    await teller.must(are_named, f"{event} names {keeper} and {other}")


@sight(SIGHTS, Fact.SIREN, "the siren sounds")
async def _(teller: Teller) -> None:
    await teller.must(teller.driver.is_siren_on, "the siren sounds")


@sight(SIGHTS, Fact.SIREN, "the siren is silent")
async def _(teller: Teller) -> None:
    async def is_silent() -> bool:
        return not await teller.driver.is_siren_on()

    await teller.must(is_silent, "the siren is silent")


@sight(SIGHTS, Fact.MAIL, "{resident} is told a code")
async def _(teller: Teller, resident: str) -> None:
    await teller.must(lambda: teller.is_told(resident), f"{resident} is told a code")


@sight(SIGHTS, Fact.MAIL, "{resident} is told nothing")
async def _(teller: Teller, resident: str) -> None:
    await teller.must_not(lambda: teller.is_told(resident), f"{resident} is told a code")


@sight(SIGHTS, Fact.MAIL, "{resident} is warned that {their} door was forced")
async def _(teller: Teller, resident: str, their: str) -> None:
    async def is_warned() -> bool:
        return await teller.driver.warnings(resident) == 1

    await teller.must(is_warned, f"one warning for {resident}")


@sight(SIGHTS, Fact.MAIL, "{admin} is alerted")
async def _(teller: Teller, admin: str) -> None:
    async def is_alerted() -> bool:
        return await teller.driver.alerts() > teller.alerts

    await teller.must(is_alerted, f"{admin} is alerted")


@sight(SIGHTS, Fact.CONSOLE, "the console shows an incident")
async def _(teller: Teller) -> None:
    async def is_shown() -> bool:
        return await teller.driver.incidents() > 0

    await teller.must(is_shown, "the console shows an incident")


@sight(SIGHTS, Fact.CONSOLE, "the console shows no incident")
async def _(teller: Teller) -> None:
    async def is_shown() -> bool:
        return await teller.driver.incidents() > 0

    await teller.must_not(is_shown, "the console shows an incident")


@sight(SIGHTS, Fact.CONSOLE, "the console says no")
async def _(teller: Teller) -> None:
    if teller.is_allowed is not False:
        raise Deviation("the console took it")


@sight(SIGHTS, Fact.MIRROR, "the control plane has the whole log")
async def _(teller: Teller) -> None:
    await teller.must(teller.driver.is_mirrored, "the control plane has the whole log")


@sight(SIGHTS, Fact.MIRROR, "the control plane has only a part of the log")
async def _(teller: Teller) -> None:
    await teller.must_not(teller.driver.is_mirrored, "the control plane has the whole log")


@sight(SIGHTS, Fact.PROOF, "the log verifies")
async def _(teller: Teller) -> None:
    await teller.must(teller.driver.is_sound, "the log verifies")
