"""The one renderer of all tests in a process; compiled templates are kept from run to run."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from jinja2 import FileSystemBytecodeCache

import bayward.ui
from bayward.ui.render import Renderer


def _maker() -> str:
    """What makes code of a template: another one makes other code of the same text."""
    files = sorted(Path(bayward.ui.__path__[0]).rglob("*.py"))
    told = hashlib.sha256(version("jinja2").encode())
    for file in files:
        told.update(file.read_bytes())
    return told.hexdigest()


class KeptTemplates(FileSystemBytecodeCache):
    """In the temporary folder, one file for a template, good for its text and its maker."""

    maker = _maker()

    def get_source_checksum(self, source: str) -> str:
        """Tell a kept one that is out of date."""
        return super().get_source_checksum(source + self.maker)


RENDERER = Renderer()
RENDERER._environment.bytecode_cache = KeptTemplates()
