"""Who does which jobs: lanes, so that what is slow never stands in the way of what is urgent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bayward.cloud import orders
from bayward.cloud.custody import items
from bayward.cloud.fleet import certificates, silence
from bayward.cloud.jobs import Duty, Settle, Worker
from bayward.cloud.notify import mailer as mail
from bayward.cloud.notify import service as notify
from bayward.cloud.notify.caller import Caller
from bayward.cloud.notify.mailer import Mailer
from bayward.cloud.privacy import duties, erasures, retention
from bayward.cloud.privacy import service as privacy
from bayward.cloud.storage.outbox import Job
from bayward.cloud.unit import Unit
from bayward.core.clock import Instant
from bayward.core.ids import BankId, CommandId, ItemId, TenantId
from bayward.core.whose import subject_of


def lanes(
    unit: Unit, *, mailer: Mailer | None, caller: Caller, random: Callable[[], float]
) -> list[Worker]:
    """The workers of one process; each is run as a task of its own.

    Without a mail server (`mailer` None) messages wait in the outbox until there is one.
    """
    forgetting = duties.Forgetting(unit)
    housekeeping: Mapping[str, Duty] = {
        privacy.DESTROY_JOB: Duty(forgetting.destroy),
        privacy.ROLL_JOB: Duty(forgetting.roll),
        erasures.DUE_JOB: Duty(_erase_when_due),
        retention.RETAIN_JOB: Duty(forgetting.retain),
        orders.EXPIRE_JOB: Duty(_expire_order),
        items.LAPSE_JOB: Duty(_lapse_offer),
        certificates.LOOK_JOB: Duty(_look_at_certificate),
        silence.LOOK_JOB: Duty(_look_for_silence),
        notify.REMIND_JOB: Duty(mail.remind),
        notify.PURGE_JOB: Duty(mail.purge),
    }
    kinds = [housekeeping, {notify.CALL_JOB: caller.duty()}]
    if mailer is not None:
        kinds += [{notify.ALERT_JOB: mailer.duty()}, {notify.MAIL_JOB: mailer.duty()}]
    return [Worker(unit, lane, random) for lane in kinds]


async def _expire_order(job: Job) -> Settle | None:
    tenant, command = TenantId(job.payload["tenant"]), CommandId(job.payload["command"])
    return lambda work: orders.expire(work, tenant, command)


async def _erase_when_due(job: Job) -> Settle | None:
    tenant, subject = TenantId(job.payload["tenant"]), subject_of(str(job.payload["person"]))
    return lambda work: erasures.fall_due(work, tenant, subject)


async def _lapse_offer(job: Job) -> Settle | None:
    tenant, item = TenantId(job.payload["tenant"]), ItemId(job.payload["item"])
    return lambda work: items.lapse(work, tenant, item)


async def _look_at_certificate(job: Job) -> Settle | None:
    tenant, bank = TenantId(job.payload["tenant"]), BankId(job.payload["bank"])
    return lambda work: certificates.look(work, tenant, bank)


async def _look_for_silence(job: Job) -> Settle | None:
    tenant, bank = TenantId(job.payload["tenant"]), BankId(job.payload["bank"])
    since = Instant(int(str(job.payload["since"])))
    return lambda work: silence.look(work, tenant, bank, since)
