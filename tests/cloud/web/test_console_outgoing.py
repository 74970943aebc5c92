from __future__ import annotations

import re

import pytest

from bayward.cloud.notify import service as notifications
from bayward.cloud.notify import store, webhooks
from bayward.cloud.notify.store import State
from bayward.cloud.web.console_outgoing import masked
from bayward.core.events import EventType
from bayward.core.roles import Role
from cloud_house import ANNE, Browser, House
from step_up_form import confirmed

HOOK = {"url": "https://hooks.example.com/in", "events": "log.exported"}


async def test_a_webhook_is_added_with_a_secret_that_is_shown_once(
    house: House, anne: Browser
) -> None:
    asked = await anne.post("/console/webhooks/new", HOOK)
    assert "Events go to https://hooks.example.com/in" in asked.text
    page = await confirmed(anne, asked, ANNE)
    assert re.search(r"whsec_[A-Za-z0-9+/=&#;]{40,}", page.text)
    later = await anne.get("/console/webhooks")
    assert "hooks.example.com" in later.text
    assert "whsec_" not in later.text
    [told] = await house.events(EventType.WEBHOOK_CREATED)
    assert told.detail == "hooks.example.com"


async def test_several_events_can_be_chosen(house: House, anne: Browser) -> None:
    form = {"url": HOOK["url"], "events": ["log.exported", "setting.changed"]}
    page = await confirmed(anne, await anne.post("/console/webhooks/new", form), ANNE)
    assert page.status_code == 200, page.text
    [hook] = await house.do(lambda work: webhooks.webhooks(work, house.tenant))
    assert hook.events == ("log.exported", "setting.changed")


@pytest.mark.parametrize(
    "form",
    [
        {"url": "ftp://x"},
        {"url": ""},
        {"url": "https://user:pass@x"},
        {"url": "https://" + "x" * 590},
        HOOK | {"events": "no.such"},
    ],
)
async def test_what_cannot_be_called_is_refused(anne: Browser, form: dict[str, str]) -> None:
    answer = await confirmed(anne, await anne.post("/console/webhooks/new", form), ANNE)
    assert answer.status_code == 422


async def test_a_webhook_is_removed(house: House, anne: Browser) -> None:
    page = await confirmed(anne, await anne.post("/console/webhooks/new", HOOK), ANNE)
    path = re.search(r'action="(/console/webhooks/[^"]+/delete)"', page.text)
    assert path is not None
    asked = await anne.post(path[1])
    assert "gets no more calls" in asked.text
    assert (await confirmed(anne, asked, ANNE)).status_code == 303
    assert "hooks.example.com" not in (await anne.get("/console/webhooks")).text
    assert len(await house.events(EventType.WEBHOOK_DELETED)) == 1


async def test_messages_are_listed_masked_and_tried_again(house: House, anne: Browser) -> None:
    bert = await house.person("Bert", Role.ADMIN)
    await house.do(lambda work: notifications.send_invitation(work, house.tenant, bert, "admin"))
    page = await anne.get("/console/notifications")
    assert "b…t@example.com" in page.text
    assert "bert@example.com" not in page.text
    [delivery] = await house.deliveries("invitation")
    assert (await anne.post(f"/console/notifications/{delivery.id}/retry")).status_code == 409
    await house.do(
        lambda work: store.update_delivery(
            work.tx, house.tenant, delivery.id, state=State.DEAD.value, last_error="smtp 550"
        )
    )
    page = await anne.get("/console/notifications?state=dead")
    assert "smtp 550" in page.text
    answer = await anne.post(f"/console/notifications/{delivery.id}/retry")
    assert answer.status_code == 303
    [again] = await house.deliveries("invitation")
    assert again.state is State.QUEUED


async def test_dead_calls_of_a_webhook_are_made_again(house: House, anne: Browser) -> None:
    page = await confirmed(anne, await anne.post("/console/webhooks/new", HOOK), ANNE)
    path = re.search(r'action="/console/webhooks/([^"]+)/delete"', page.text)
    assert path is not None
    assert (await anne.post(f"/console/webhooks/{path[1]}/retry")).status_code == 303


def test_an_address_can_be_recognised_but_not_copied() -> None:
    assert masked("rosa.luna@example.com") == "r…a@example.com"
    assert masked("x@example.com") == "x…x@example.com"
    assert masked("nothing") == "nothing"


async def test_a_cursor_that_is_none_is_refused(anne: Browser) -> None:
    assert (await anne.get("/console/notifications?after=x")).status_code == 422
    assert (await anne.get("/console/notifications?after=1-dlv_x")).status_code == 200


async def test_without_a_mail_server_the_page_says_why_messages_wait(anne: Browser) -> None:
    assert "No mail server is set up" in (await anne.get("/console/notifications")).text
