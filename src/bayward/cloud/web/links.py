"""The tokens of links in messages, and the message a stranger may ask for.

Whoever asks for a sign-in link gets the same answer in the same time: what happens for the
address is a job, done after the answer. What was typed lies in that job under a key that only this
process has: after a restart nobody can read it, and whoever still wants a link asks again.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bayward.cloud.access import service as access
from bayward.cloud.jobs import Duty, Settle
from bayward.cloud.keys import decrypt, encrypt
from bayward.cloud.notify import service as notify
from bayward.cloud.notify.messages import Links
from bayward.cloud.people import set_up, sign_in
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Work
from bayward.core.errors import Invalid
from bayward.core.ids import GrantId, TenantId

ASKED_JOB = "sign_in.asked"
_OF_THIS_PROCESS = AESGCM(AESGCM.generate_key(256))


def pickup_pass(work: Work, tenant: TenantId, grant: GrantId) -> str:
    """The pass of a grant."""
    return access.issue_pass(work, tenant, access.get_grant(work, tenant, grant))


LINKS = Links(
    parcel=access.mint_link,
    pickup_pass=pickup_pass,
    sign_in=sign_in.mint_link,
    set_up=set_up.mint_link,
)


def ask(work: Work, email: str) -> None:
    """Somebody typed an address and wants a link."""
    sealed = encrypt(_OF_THIS_PROCESS, ASKED_JOB, email.encode())
    work.enqueue(ASKED_JOB, None, {"sealed": sealed.hex()})


def duty() -> Duty:
    """How that is done."""
    return Duty(_asked)


async def _asked(job: Job) -> Settle | None:
    try:
        sealed = bytes.fromhex(str(job.payload.get("sealed", "")))
        email = decrypt(_OF_THIS_PROCESS, ASKED_JOB, sealed).decode()
    except (Invalid, ValueError):
        return None

    def settle(work: Work) -> None:
        for person in sign_in.residents_with(work, email):
            notify.send_sign_in_link(work, person.tenant, person.person)

    return settle
