from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mail_bench import MailServer, Subscriber


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with Subscriber() as server:
        yield server
