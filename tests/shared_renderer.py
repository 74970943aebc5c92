"""The one renderer of all tests in a process, so that templates are compiled once."""

from __future__ import annotations

from bayward.ui.render import Renderer

RENDERER = Renderer()
