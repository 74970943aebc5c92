from __future__ import annotations

from bayward.cloud.notify import webhook_store
from bayward.cloud.notify.webhook_store import Webhook, WebhookId
from bayward.cloud.unit import Work
from bayward.core.clock import Instant
from bayward.core.ids import PersonId
from cloud_bench import CloudBench, named


async def test_a_subscription_is_kept_changed_and_deleted(cloud: CloudBench) -> None:
    tenant, stranger = await cloud.tenant(1), await cloud.tenant(2)
    kept = Webhook(
        id=WebhookId(named(WebhookId, 1)),
        url="https://example.com/",
        events=("door.opened",),
        secret=b"sealed",
        is_enabled=True,
        created_by=PersonId(named(PersonId, 1)),
        created_at=Instant(5),
    )

    def work_through(work: Work) -> None:
        webhook_store.insert(work.tx, tenant, kept)
        assert webhook_store.webhooks(work.tx, tenant) == [kept]
        assert webhook_store.find(work.tx, stranger, kept.id) is None
        webhook_store.update(work.tx, stranger, kept.id, is_enabled=False)
        assert webhook_store.find(work.tx, tenant, kept.id) == kept
        webhook_store.update(work.tx, tenant, kept.id, is_enabled=False, problem="gone")
        [changed] = webhook_store.webhooks(work.tx, tenant)
        assert (changed.is_enabled, changed.problem) == (False, "gone")
        assert not webhook_store.delete(work.tx, stranger, kept.id)
        assert webhook_store.delete(work.tx, tenant, kept.id)
        assert webhook_store.webhooks(work.tx, tenant) == []

    await cloud.unit.write(work_through)
