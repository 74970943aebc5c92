from __future__ import annotations

import json
from pathlib import Path

import pytest

from bayward.cli import main
from pack_bench import BAG, TENANT, PackBench, keys, script, zipped

FILES = PackBench().files()


def test_a_pack_as_a_zip_and_as_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "pack.zip"
    place.write_bytes(zipped(FILES))
    assert main(["verify", str(place), *keys(TENANT.key)]) == 0
    said = capsys.readouterr().out
    assert f"pack      {BAG}, sealed by demo/tenant/1" in said
    assert "complete  entries 11 to 28, all of them" in said
    assert said.endswith("VERIFIES\n")
    for path, body in FILES.items():
        inside = tmp_path / BAG / path
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes(body)
    assert main(["audit", "verify", str(tmp_path / BAG), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: told[name] for name in ("bag", "maker", "digest", "trust")} == {
        name: script(tmp_path / BAG)[name] for name in ("bag", "maker", "digest", "trust")
    }
    (tmp_path / BAG / "README.txt").write_text("changed")
    assert main(["verify", str(tmp_path / BAG)]) == 1
    assert "WRONG     file altered: README.txt" in capsys.readouterr().out
    (tmp_path / BAG / "link").symlink_to("/etc/passwd")
    assert main(["verify", str(tmp_path / BAG)]) == 2
