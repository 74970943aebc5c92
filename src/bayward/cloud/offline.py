"""A control plane that does not run, opened by whoever may read its state directory."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bayward.cloud import upkeep
from bayward.cloud.app import DATABASE, KEYRING, KEYS
from bayward.cloud.fleet.deployment import check_name
from bayward.cloud.keyring.file import KeyringFile
from bayward.cloud.keyring.ring import Keyring
from bayward.cloud.keys import FileKeys
from bayward.cloud.reactions import react
from bayward.cloud.settings import CloudSettings
from bayward.cloud.storage.sqlite import SqliteStore
from bayward.cloud.system_clock import SystemClock
from bayward.cloud.unit import House, Ids, Unit
from bayward.core.clock import Clock
from bayward.core.errors import Misconfigured


@asynccontextmanager
async def opened(
    settings: CloudSettings,
    *,
    clock: Clock | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> AsyncIterator[Unit]:
    """Its unit of work, without listeners and workers.

    Raises `Misconfigured` when there is no control plane in the directory, or when it is running.
    """
    if not (settings.state / DATABASE).exists():
        raise Misconfigured("deployment.missing", file=str(settings.state))
    check_name(settings.state, settings.name)
    keys = FileKeys.open(settings.state / KEYS)
    store = SqliteStore.open(settings.state / DATABASE)
    keyring = Keyring(KeyringFile(settings.state / KEYRING), keys)
    house = House(settings.name, settings.public_url, keys, keyring)
    try:
        unit = Unit(
            store=store, clock=clock or SystemClock(), ids=Ids(random), house=house, react=react
        )
        await upkeep.before_anybody(unit)
        yield unit
    finally:
        store.close()
        keyring.close()
