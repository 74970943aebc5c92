from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cloud_house import (
    Browser,
    House,
    Template,
    World,
    make_furnished,
    make_template,
    open_house,
)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Made once, copied for each test."""
    return asyncio.run(make_template(tmp_path_factory.mktemp("template") / "state"))


@pytest.fixture(scope="session")
def furnished(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The same with a bank, a parcel and an incident."""
    state = tmp_path_factory.mktemp("furnished") / "state"
    return asyncio.run(make_furnished(template, state))


@pytest.fixture
async def house(
    tmp_path: Path, template: Template, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    """A control plane whose owner is Anne; furnished when the test asks for the `world`."""
    if "world" in request.fixturenames:
        template = request.getfixturevalue("furnished")
    async with open_house(tmp_path / "state", template) as house:
        yield house


@pytest.fixture
def world(house: House, furnished: Template) -> World:
    """What stands in the furnished house."""
    return furnished.world_in(house)


@pytest.fixture
async def new_house(tmp_path: Path) -> AsyncIterator[House]:
    """A control plane that was started for the first time."""
    async with open_house(tmp_path / "state") as house:
        yield house


@pytest.fixture
async def anne(house: House) -> Browser:
    """Anne, signed in."""
    return await house.browser().be("Anne")
