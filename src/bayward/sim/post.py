"""The post of a simulated world: the real mailer, and a mail server that is not always there.

Only the last step is unreal: a message is handed to a person instead of to a socket. A server
that says no after it has said yes delivers twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from email.message import EmailMessage

from cryptography.hazmat.primitives.asymmetric import ec

from bayward.cloud.access import service as access
from bayward.cloud.jobs import Again
from bayward.cloud.notify.mailer import Mailer
from bayward.cloud.notify.messages import Links
from bayward.cloud.settings import MailSettings
from bayward.cloud.unit import Unit, Work
from bayward.core.clock import SECOND_MS, Instant
from bayward.core.ids import GrantId, PersonId, TenantId
from bayward.sim.world import World
from bayward.ui.render import Mail
from bayward.ui.views.mail import CourierCode, MailView, ParcelReady

DELIVERY_MS = (2 * SECOND_MS, 60 * SECOND_MS)


@dataclass(frozen=True, slots=True)
class Received:
    """A message as somebody reads it: which one, and the code in it, if any."""

    kind: str  # the name of its template
    code: str
    where: str
    door: str


class PostOffice:
    """Brings messages to people, by address."""

    def __init__(self, world: World) -> None:
        self.people: dict[str, Callable[[Received], None]] = {}
        self.is_down = False
        self.doubles = 0.0  # how often a message that was taken is said to have failed
        self.sent = 0
        self._world = world
        self._chance = world.stream("post")

    def take(self, address: str, received: Received) -> None:
        """Accept one message; raises `Again` when the server has a bad day."""
        if self.is_down:
            raise Again("smtp.down")
        self.sent += 1
        read = self.people.get(address)
        if read is not None:
            delay_ms = self._chance.randint(*DELIVERY_MS)
            name = address.partition("@")[0]
            self._world.after(delay_ms, name, lambda: read(received))
        if self.doubles and self._chance.random() < self.doubles:
            raise Again("smtp.lost_answer")


class Post(Mailer):
    """The mailer, with its last step replaced."""

    def __init__(
        self, unit: Unit, notifier: ec.EllipticCurvePrivateKey, office: PostOffice
    ) -> None:
        super().__init__(
            unit=unit,
            smtp=MailSettings(host="127.0.0.1", sender="wall@world.example", is_starttls=False),
            password=None,
            render=_render,
            links=Links(
                parcel=access.mint_link,
                pickup_pass=_no_pass,
                sign_in=_no_link,
                set_up=_no_link,
            ),
            notifier=notifier,
        )
        self._office = office

    async def _submit(self, message: EmailMessage) -> None:
        body = message.get_body(("plain",))
        assert body is not None, "written by `_render`"
        told = json.loads(body.get_content())
        received = Received(str(message["Subject"]), told["code"], told["where"], told["door"])
        self._office.take(str(message["To"]), received)


def _render(view: MailView, *, now: Instant, language: str = "en", zone: tzinfo = UTC) -> Mail:
    """What a person takes from a message, without the letter paper."""
    del now, language, zone
    code = view.code if isinstance(view, ParcelReady | CourierCode) else ""
    door = view.compartment if isinstance(view, ParcelReady) else ""
    where = view.where if isinstance(view, ParcelReady | CourierCode) else ""
    text = json.dumps({"code": code, "where": where, "door": door})
    return Mail(subject=view.template, text=text, html="")


def _no_pass(work: Work, tenant: TenantId, grant: GrantId) -> str:
    del work, tenant, grant
    return ""


def _no_link(work: Work, tenant: TenantId, person: PersonId) -> str:
    del work, tenant, person
    return ""
