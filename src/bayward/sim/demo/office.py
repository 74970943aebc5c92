"""The administrator at the console: Ines Duarte, her browser and her authenticator app."""

from __future__ import annotations

import re

import httpx

from bayward.cloud.audit import mirror
from bayward.sim.demo.stage import Stage

TIMEOUT_S = 15.0
_INCIDENT = re.compile(r'href="/console/incidents/(inc_[0-9a-z]{26})"')


class Office:
    """Speaks HTTP to the control plane with her session."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def release(self, reason: str) -> None:
        """End the lockdown from the incident's page, with a fresh second factor."""
        session = await self._stage.cloud.unit.write(self._stage.household.sign_in)
        async with self._browser(session) as browser:
            listed = (await browser.get("/console/incidents")).raise_for_status()
            found = _INCIDENT.search(listed.text)
            if found is None:
                raise LookupError("no incident in the console")
            stage = self._stage
            # A code is good once; the one she signed in with may still be the newest.
            stage.clock.skip(31_000)
            form = {"reason": reason, "code": stage.household.factor(stage.clock.now())}
            address = f"/console/incidents/{found.group(1)}/release"
            (await browser.post(address, data=form)).raise_for_status()

    async def mirrored(self, size: int) -> bytes | None:
        """Root of the bank's log as the control plane has it, if it has `size` entries."""
        stage = self._stage
        home = stage.household
        origin = stage.journal.origin()
        known = await stage.cloud.unit.read(
            lambda work: mirror.known(work, home.tenant, home.bank, origin)
        )
        return known.root if known.size == size else None

    def _browser(self, session: str) -> httpx.AsyncClient:
        url = self._stage.cloud.http_url
        return httpx.AsyncClient(
            base_url=url,
            cookies={"sid": session},
            headers={"origin": url, "sec-fetch-site": "same-origin"},
            follow_redirects=True,
            trust_env=False,
            timeout=TIMEOUT_S,
        )
