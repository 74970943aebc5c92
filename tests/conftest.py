"""What holds for every test: how long it may take, and what is not worth sweeping again."""

from __future__ import annotations

import gc

import pytest
from hypothesis import HealthCheck, settings

# Seconds after which a test of these suites counts as hanging; pyproject.toml has it for the rest.
PATIENCE = {"browser": 300, "system": 300, "world": 900}

# How long one example takes says something about the machine; a test that hangs is found anyway.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name, seconds in PATIENCE.items():
            if item.get_closest_marker(name) is not None:
                item.add_marker(pytest.mark.timeout(seconds))


def pytest_collection_finish() -> None:
    """Four thousand tests stay until the end: no sweep for garbage has to walk over them."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Pytest sweeps five times before it ends; what two sweeps leave behind is no garbage."""
    gc.collect()
    gc.collect()
    gc.freeze()
