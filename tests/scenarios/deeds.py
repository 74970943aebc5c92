"""What can happen in a scenario."""

from __future__ import annotations

from bayward.core.compartment import Mode, Size
from bayward.edge.agent import (
    CancelDeposit,
    ChangeSize,
    Leave,
    OpenAgain,
    PresentCode,
    PresentSecond,
    SignIn,
)
from scenarios.driver import COURIER, RESIDENTS, Tool, Trap
from scenarios.sentences import UNITS, Sentence, deed
from scenarios.teller import Teller

DEEDS: list[Sentence] = []

# A courier.


@deed(DEEDS, "{courier} delivers a parcel for {resident}, size {size}")
async def _(teller: Teller, courier: str, resident: str, size: str) -> None:
    await teller.delivers(resident, Size(size))


@deed(DEEDS, "{courier} signs in")
async def _(teller: Teller, courier: str) -> None:
    await teller.signs_in()


@deed(DEEDS, "{courier} brings a parcel for {resident}, size {size}")
async def _(teller: Teller, courier: str, resident: str, size: str) -> None:
    await teller.brings(resident, Size(size))


@deed(DEEDS, "{courier} puts it in")
async def _(teller: Teller, courier: str) -> None:
    await teller.at_door(Tool.PUT)


@deed(DEEDS, "{courier} takes it out again")
async def _(teller: Teller, courier: str) -> None:
    await teller.at_door(Tool.TAKE)


@deed(DEEDS, "{courier} confirms the parcel for {resident}")
async def _(teller: Teller, courier: str, resident: str) -> None:
    await teller.confirms(resident)


@deed(DEEDS, "{courier} asks for size {size} instead")
async def _(teller: Teller, courier: str, size: str) -> None:
    await teller.driver.press(ChangeSize(Size(size)))


@deed(DEEDS, "{courier} cancels")
async def _(teller: Teller, courier: str) -> None:
    await teller.driver.press(CancelDeposit())


@deed(DEEDS, "{courier} leaves")
async def _(teller: Teller, courier: str) -> None:
    await teller.driver.press(Leave())


@deed(DEEDS, "{courier} brings an item for {resident}, size {size}")
async def _(teller: Teller, courier: str, resident: str, size: str) -> None:
    await teller.brings_item(resident, Size(size))


# Doors for two.


@deed(DEEDS, "{keeper} is admitted for {mode}")
async def _(teller: Teller, keeper: str, mode: str) -> None:
    await teller.is_admitted(keeper, Mode(mode))


@deed(DEEDS, "{courier} signs in to put something in")
async def _(teller: Teller, courier: str) -> None:
    await teller.driver.press(SignIn(teller.own[courier]))


@deed(DEEDS, "{keeper} types {their} own code as the second person")
async def _(teller: Teller, keeper: str, their: str) -> None:
    await teller.driver.press(PresentSecond(teller.own[keeper]))


@deed(DEEDS, "{keeper} comes first and types {their} own code")
async def _(teller: Teller, keeper: str, their: str) -> None:
    await teller.driver.press(PresentCode(teller.own[keeper]))


@deed(DEEDS, "{resident} types {their} code as the second person")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.driver.press(PresentSecond(await teller.code(resident)))


# A resident, or somebody else.


@deed(DEEDS, "{resident} collects {their} parcel")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.collects(resident)


@deed(DEEDS, "{resident} types {their} code")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.driver.press(PresentCode(await teller.code(resident)))


@deed(DEEDS, "{resident} types {their} code again")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.driver.press(PresentCode(await teller.code(resident)))


@deed(DEEDS, "somebody types a wrong code")
async def _(teller: Teller) -> None:
    right = {code for who in (*RESIDENTS, COURIER) for code in await teller.driver.codes(who)}
    wrong = next(code for number in range(10**6) if (code := f"{number:08d}") not in right)
    await teller.driver.press(PresentCode(wrong))


@deed(DEEDS, "{courier} types {their} own code at Collect")
async def _(teller: Teller, courier: str, their: str) -> None:
    await teller.driver.press(PresentCode(await teller.code(courier)))


@deed(DEEDS, "{resident} shows {their} pass")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.must(lambda: teller.is_told(resident), f"a message for {resident}")
    await teller.driver.show_pass(resident)


@deed(DEEDS, "{resident} taps Open on {their} phone")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.driver.tap(resident)


@deed(DEEDS, "{who} tries again")
async def _(teller: Teller, who: str) -> None:
    await teller.driver.press(OpenAgain())


@deed(DEEDS, "{resident} takes {their} parcel")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.at_door(Tool.TAKE)


@deed(DEEDS, "{who} shuts the door")
async def _(teller: Teller, who: str) -> None:
    await teller.at_door(Tool.PUSH)


@deed(DEEDS, "{resident} comes back and shuts {their} door")
async def _(teller: Teller, resident: str, their: str) -> None:
    await teller.at_door(Tool.PUSH, teller.home[resident])


@deed(DEEDS, "{who} shuts door {door}")
async def _(teller: Teller, who: str, door: str) -> None:
    await teller.at_door(Tool.PUSH, int(door))


@deed(DEEDS, "{who} takes a crowbar to door {door}")
async def _(teller: Teller, who: str, door: str) -> None:
    await teller.at_door(Tool.FORCE, int(door))


@deed(DEEDS, "{who} takes a crowbar to {resident}'s door")
async def _(teller: Teller, who: str, resident: str) -> None:
    teller.door = teller.home[resident]
    await teller.at_door(Tool.FORCE)


@deed(DEEDS, "{who} takes what is in it")
async def _(teller: Teller, who: str) -> None:
    await teller.at_door(Tool.TAKE)


@deed(DEEDS, "{admin} releases the lockdown: {words}")
async def _(teller: Teller, admin: str, words: str) -> None:
    teller.is_allowed = await teller.driver.release(words, is_fresh=True)


@deed(DEEDS, "{admin} releases the lockdown without a fresh second factor")
async def _(teller: Teller, admin: str) -> None:
    teller.is_allowed = await teller.driver.release("in a hurry", is_fresh=False)


# The world.


@deed(DEEDS, "the cable is cut")
async def _(teller: Teller) -> None:
    await teller.driver.cable(is_cut=True)


@deed(DEEDS, "the cable is mended")
async def _(teller: Teller) -> None:
    await teller.driver.cable(is_cut=False)


@deed(DEEDS, "the power is cut")
async def _(teller: Teller) -> None:
    await teller.driver.power(is_on=False)


@deed(DEEDS, "the power is back")
async def _(teller: Teller) -> None:
    await teller.driver.power(is_on=True)


@deed(DEEDS, "the power will fail before the next lock moves")
async def _(teller: Teller) -> None:
    await teller.driver.lay(Trap.POWER_FAILS)


@deed(DEEDS, "the boards will fall silent once the next lock has moved")
async def _(teller: Teller) -> None:
    await teller.driver.lay(Trap.BOARDS_SILENT)


@deed(DEEDS, "the boards answer again")
async def _(teller: Teller) -> None:
    await teller.driver.boards_answer()


@deed(DEEDS, "{resident}'s door jams")
async def _(teller: Teller, resident: str) -> None:
    await teller.at_door(Tool.JAM, teller.home[resident])


@deed(DEEDS, "{resident}'s door moves again")
async def _(teller: Teller, resident: str) -> None:
    await teller.at_door(Tool.FREE, teller.home[resident])


@deed(DEEDS, "wait {n} {unit}")
async def _(teller: Teller, n: str, unit: str) -> None:
    await teller.driver.wait(_ms(n, unit))


@deed(DEEDS, "somebody turns the clock of the bank {n} {unit} {way}")
async def _(teller: Teller, n: str, unit: str, way: str) -> None:
    await teller.driver.turn_clock(_ms(n, unit) * (1 if way == "forward" else -1))


def _ms(n: str, unit: str) -> int:
    return int(n) * UNITS[unit.removesuffix("s")]
