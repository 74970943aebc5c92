from __future__ import annotations

import json
from pathlib import Path

import bayward.wire
from bayward.wire.schemas import generate
from golden_text import assert_golden

FOLDER = Path(bayward.wire.__file__).parent / "schema"


def test_the_checked_in_schemas_are_those_of_the_classes() -> None:
    made = generate()
    for name, text in made.items():
        assert_golden(FOLDER / name, text)
    assert {path.name for path in FOLDER.glob("*.json")} == set(made)


def test_every_object_is_closed_and_every_text_and_list_is_bounded() -> None:
    for name, text in generate().items():
        for path, node in _nodes(json.loads(text), name):
            if node.get("type") == "object":
                assert node["additionalProperties"] is False, path
            if node.get("type") == "array":
                assert "maxItems" in node, path
            if node.get("type") == "string" and "enum" not in node:
                assert "maxLength" in node, path
            if node.get("type") == "integer":
                assert {"minimum", "maximum"} <= node.keys(), path


def _nodes(node: object, path: str) -> list[tuple[str, dict[str, object]]]:
    found: list[tuple[str, dict[str, object]]] = []
    if isinstance(node, dict):
        found.append((path, node))
        for key, inner in node.items():
            found += _nodes(inner, f"{path}/{key}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            found += _nodes(inner, f"{path}/{index}")
    return found
