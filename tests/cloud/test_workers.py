from __future__ import annotations

from bayward.cloud import orders, workers
from bayward.cloud.audit import service as audit
from bayward.cloud.custody import items
from bayward.cloud.fleet import certificates, silence
from bayward.cloud.notify import service as notify
from bayward.cloud.notify.caller import Caller
from bayward.cloud.notify.mailer import Mailer
from bayward.cloud.privacy import erasures, retention
from bayward.cloud.privacy import service as privacy
from bayward.cloud.settings import MailSettings
from bayward.cloud.web.links import LINKS
from cloud_bench import NOTIFIER, CloudBench
from shared_renderer import RENDERER

EVERY_KIND = {
    privacy.DESTROY_JOB,
    privacy.ROLL_JOB,
    erasures.DUE_JOB,
    retention.RETAIN_JOB,
    orders.EXPIRE_JOB,
    items.LAPSE_JOB,
    certificates.LOOK_JOB,
    silence.LOOK_JOB,
    notify.REMIND_JOB,
    notify.PURGE_JOB,
    notify.CALL_JOB,
    notify.ALERT_JOB,
    notify.MAIL_JOB,
}


def kinds(cloud: CloudBench, mailer: Mailer | None) -> list[list[str]]:
    made = workers.lanes(
        cloud.unit, mailer=mailer, caller=Caller(cloud.unit, audit.event_at), random=lambda: 0.0
    )
    return [worker._kinds for worker in made]


def a_mailer(cloud: CloudBench) -> Mailer:
    return Mailer(
        unit=cloud.unit,
        smtp=MailSettings(host="127.0.0.1", sender="a@example.com", is_starttls=False),
        password=None,
        render=RENDERER.mail,
        links=LINKS,
        notifier=NOTIFIER,
    )


def test_every_kind_of_job_has_exactly_one_lane(cloud: CloudBench) -> None:
    found = [kind for lane in kinds(cloud, a_mailer(cloud)) for kind in lane]
    assert sorted(found) == sorted(EVERY_KIND)


def test_an_alarm_waits_behind_no_parcel(cloud: CloudBench) -> None:
    assert [notify.ALERT_JOB] in kinds(cloud, a_mailer(cloud))


def test_without_a_mail_server_messages_wait(cloud: CloudBench) -> None:
    found = {kind for lane in kinds(cloud, None) for kind in lane}
    assert found == EVERY_KIND - {notify.ALERT_JOB, notify.MAIL_JOB}
