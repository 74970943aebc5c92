"""Static files: versioned for ever, and nothing outside the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayward.ui.assets import Assets


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "css").mkdir(parents=True)
    (folder / "css" / "a.css").write_text("a{}")
    (folder / "notes.txt").write_text("not served")
    (tmp_path / "secret.css").write_text("outside")
    return folder


def test_a_versioned_address_may_be_kept_for_ever(root: Path) -> None:
    assets = Assets(root)
    address = assets.url("css/a.css")
    assert address == f"/static/{assets.version}/css/a.css"
    found = assets.find(address)
    assert found is not None
    assert (found.body, found.media_type) == (b"a{}", "text/css; charset=utf-8")
    assert "immutable" in found.cache_control
    assert found.etag.startswith('"')


def test_an_old_or_no_version_gets_todays_file_to_be_asked_again(root: Path) -> None:
    assets = Assets(root)
    for address in ("/static/0123456789/css/a.css", "/static/css/a.css"):
        found = assets.find(address)
        assert found is not None
        assert found.cache_control == "no-cache"


@pytest.mark.parametrize(
    "address",
    [
        "/static/x/../secret.css",
        "/static/../secret.css",
        "/static/x/notes.txt",
        "/static/",
        "/static",
        "",
        "/static/x/css/",
        "/static/x/css/b.css",
    ],
)
def test_nothing_else_is_served(root: Path, address: str) -> None:
    assert Assets(root).find(address) is None


def test_the_version_changes_with_any_file(root: Path) -> None:
    before = Assets(root).version
    (root / "css" / "a.css").write_text("b{}")
    assert Assets(root).version != before


def test_a_name_that_does_not_exist_is_an_error_of_ours(root: Path) -> None:
    with pytest.raises(KeyError):
        Assets(root).url("css/b.css")


def test_the_libraries_were_fetched() -> None:
    names = set(Assets().files)
    assert {"vendor/htmx.js", "vendor/hx-sse.js", "vendor/hx-csp.js"} <= names
    assert {"vendor/lean-qr.mjs", "vendor/font-latin.woff2"} <= names
