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

    async def incidents(self) -> list[str]:
        """What the console lists."""
        async with await self._signed_in() as browser:
            return await _listed(browser)

    async def release(self, reason: str, *, is_fresh: bool = True) -> bool:
        """End the lockdown from the incident's page; False: it wants a fresh second factor."""
        async with await self._signed_in() as browser:
            listed = await _listed(browser)
            if not listed:
                raise LookupError("no incident in the console")
            stage = self._stage
            form = {"reason": reason}
            if is_fresh:
                # A code is good once; the one she signed in with may still be the newest.
                stage.clock.skip(31_000)
                form["code"] = stage.household.factor(stage.clock.now())
            answer = await browser.post(f"/console/incidents/{listed[0]}/release", data=form)
            if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                return False
            answer.raise_for_status()
            return True

    async def mirrored(self, size: int) -> bytes | None:
        """Root of the bank's log as the control plane has it, if it has `size` entries."""
        stage = self._stage
        home = stage.household
        origin = stage.journal.origin()
        known = await stage.cloud.unit.read(
            lambda work: mirror.known(work, home.tenant, home.bank, origin)
        )
        return known.root if known.size == size else None

    async def _signed_in(self) -> httpx.AsyncClient:
        return self._browser(await self._stage.cloud.unit.write(self._stage.household.sign_in))

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


async def _listed(browser: httpx.AsyncClient) -> list[str]:
    page = (await browser.get("/console/incidents")).raise_for_status()
    return _INCIDENT.findall(page.text)
