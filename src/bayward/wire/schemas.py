"""The JSON Schemas of the protocol, generated from the classes.

They are checked in (`wire/schema/*.json`) for people who speak the protocol from another
language; a test compares them with what is generated here, and `make golden` rewrites them.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from bayward.wire import codec
from bayward.wire.messages import ANSWERS, REQUESTS, Message
from bayward.wire.orders import AnyWireOrder

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def generate() -> dict[str, str]:
    """File name and content of every schema: each message, the frame, and the orders."""
    kinds: dict[type[Message], None] = dict.fromkeys((*REQUESTS.values(), *ANSWERS.values()))
    found = {_WORD.sub("_", kind.__name__).lower(): _text(kind) for kind in kinds}
    found["frame"] = _text(codec.Frame)
    found["order"] = _text(AnyWireOrder)
    return {f"{name}.json": text for name, text in sorted(found.items())}


def _text(kind: object) -> str:
    schema = {"$schema": DIALECT, **msgspec.json.schema(kind)}
    return msgspec.json.format(msgspec.json.encode(_tidied(schema)), indent=2).decode() + "\n"


def _tidied(node: Any) -> Any:
    """Descriptions without the indentation of the source, which Python 3.13 takes out itself."""
    if isinstance(node, list):
        return [_tidied(inner) for inner in node]
    if not isinstance(node, dict):
        return node
    return {
        key: inspect.cleandoc(inner)
        if key == "description" and isinstance(inner, str)
        else _tidied(inner)
        for key, inner in node.items()
    }
