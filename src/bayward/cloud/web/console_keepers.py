"""Codes for doors for two, on the page of a person."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.access.couriers import ADMISSION_MS_MAX
from bayward.cloud.people import service as people
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import keepers, places
from bayward.cloud.web.asking import You
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.person_form import fields_of, person_form
from bayward.cloud.web.routes import AnyRequest, Asking, back, do
from bayward.cloud.web.words import Words
from bayward.core.clock import after
from bayward.core.compartment import Mode
from bayward.core.errors import Conflict, Invalid
from bayward.core.ids import BankId, PersonId
from bayward.core.policy import Action as Do
from bayward.ui.views.base import FieldProblem, Say
from bayward.ui.views.console import Shell
from bayward.ui.views.console_admin import PersonForm

URL = "/console/people"
AGAIN = 422

Tick = Annotated[str, Meta(max_length=1)]


class CodeFields(Struct, frozen=True):
    """At which bank, for which doors."""

    bank: Annotated[str, Meta(max_length=100)] = ""
    evidence: Tick = ""
    medicine: Tick = ""

    def at(self) -> BankId:
        """The bank."""
        return places.parse(BankId, self.bank)

    @property
    def modes(self) -> frozenset[Mode]:
        """What was ticked."""
        ticked = {Mode.EVIDENCE: self.evidence, Mode.MEDICINE: self.medicine}
        return frozenset(mode for mode, tick in ticked.items() if tick)


@do(f"{URL}/{{person:str}}/doors", Do.COURIER_ADMIT)
async def admit(
    request: AnyRequest, asker: Asking, person: FromPath[str], data: URLEncodedBody[CodeFields]
) -> Response[str] | Redirect:
    """The bank draws him a code, and it is mailed to him."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> str:
        until = after(work.now, ADMISSION_MS_MAX)
        keepers.admit(work, you, person_id, data.at(), modes=data.modes, until=until)
        return people.get(work, you.tenant, person_id).name

    def says(work: Work, you: You) -> Say:
        words = Words(work, you.tenant)
        return Say("door_code", {"person": words.person(person), "bank": words.bank(data.at())})

    try:
        name = await asker.write(keepers.at(person), take, says)
    except (Invalid, Conflict) as error:
        problem = FieldProblem("modes", error.code, error.facts)

        def build(words: Words, you: You, frame: Shell) -> PersonForm:
            found = people.get(words.work, you.tenant, person_id)
            held = people_store.bindings_of(words.work.tx, you.tenant, person_id)
            fields = fields_of(words.work, found, held)
            return person_form(words, frame, fields, found, (problem,))

        again = asker.also(Do.PERSON_READ)
        return await console(again, places.person(person), build, status=AGAIN)
    notify(request, "door.code", person=name)
    return back(f"{URL}/{person_id}")


@do(f"{URL}/{{person:str}}/doors/dismiss", Do.COURIER_DISMISS)
async def dismiss(
    request: AnyRequest, asker: Asking, person: FromPath[str], data: URLEncodedBody[CodeFields]
) -> Redirect:
    """His code there is dead."""
    person_id = places.parse(PersonId, person)

    def take(work: Work, you: You) -> str:
        keepers.dismiss(work, you, person_id, data.at())
        return people.get(work, you.tenant, person_id).name

    name = await asker.write(places.person(person), take)
    notify(request, "courier.revoked", person=name)
    return back(f"{URL}/{person_id}")
