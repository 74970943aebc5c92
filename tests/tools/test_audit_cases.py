from __future__ import annotations

from pathlib import Path

import pytest

from reference import attacks, audit_cases


def test_every_case_of_the_log_has_parts() -> None:
    assert set(audit_cases.PARTS) == set(attacks.AUDIT)


def test_a_part_without_its_test_stops_the_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tmp_path / "test_here.py"
    monkeypatch.setattr(audit_cases, "PARTS", {6: {"CRLF": "notes[CRLF]"}})
    here.write_text('NOTES = {"CRLF": ""}\n\ndef test_audit_06_notes(x):\n    pass\n')
    assert audit_cases.rows([here])[2:] == ["| audit 6 | CRLF | `test_audit_06_notes[CRLF]` |"]
    for text in (here.read_text().replace("CRLF", "LF"), here.read_text().replace("_notes", "")):
        here.write_text(text)
        with pytest.raises(LookupError, match="audit 6, CRLF"):
            audit_cases.rows([here])
