"""The tokens of links in messages, and the mail a stranger may ask for.

Whoever asks for a sign-in link gets the same answer in the same time: what happens for the
address is a job, done after the answer.
"""

from __future__ import annotations

from bayward.cloud.access import service as access
from bayward.cloud.jobs import Duty, Settle
from bayward.cloud.notify import service as notify
from bayward.cloud.people import set_up, sign_in
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Work
from bayward.core.ids import GrantId, PersonId, TenantId

ASKED_JOB = "sign_in.asked"


class Links:
    """`notify.messages.Links`: each token is told once, to the message that carries it."""

    def parcel(self, work: Work, tenant: TenantId, grant: GrantId) -> str:
        """The token of `/p/{token}`."""
        return access.mint_link(work, tenant, grant)

    def sign_in(self, work: Work, tenant: TenantId, person: PersonId) -> str:
        """The token of `/l/{token}`."""
        return sign_in.mint_link(work, tenant, person)

    def set_up(self, work: Work, tenant: TenantId, person: PersonId) -> str:
        """The token of `/setup/{token}`."""
        return set_up.mint_link(work, tenant, person)


def ask(work: Work, email: str) -> None:
    """Somebody typed an address and wants a link."""
    work.enqueue(ASKED_JOB, None, {"email": email})


def duty() -> Duty:
    """How that is done."""
    return Duty(_asked)


async def _asked(job: Job) -> Settle | None:
    email = str(job.payload["email"])

    def settle(work: Work) -> None:
        for person in sign_in.residents_with(work, email):
            notify.send_sign_in_link(work, person.tenant, person.person)

    return settle
