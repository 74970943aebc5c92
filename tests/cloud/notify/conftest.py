from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bayward.core.ids import PersonId
from bayward.core.roles import Role
from cloud_bench import BankTwin, CloudBench, named
from mail_bench import MailServer, Subscriber
from notify_bench import (
    CODE,
)


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with Subscriber() as server:
        yield server


@pytest.fixture
async def bank(cloud: CloudBench) -> BankTwin:
    return await cloud.bank(await cloud.tenant())


@pytest.fixture
async def anne(cloud: CloudBench, bank: BankTwin) -> PersonId:
    return await cloud.person(bank.tenant, "Anne", Role.RESIDENT)


@pytest.fixture
async def deposited(cloud: CloudBench, bank: BankTwin, anne: PersonId) -> BankTwin:
    bank.deposit(1, recipient=anne, courier=named(PersonId, 2), code=CODE)
    await bank.upload(cloud.ingest)
    return bank
