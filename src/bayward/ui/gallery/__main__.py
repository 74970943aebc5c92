"""python -m bayward.ui.gallery DIR: write every sample as a page to look at.

Serve the folder (python -m http.server -d DIR) to see it with its styles; the index leads to
every page in light and dark.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from bayward.ui.assets import STATIC
from bayward.ui.gallery import samples
from bayward.ui.gallery.world import NOW
from bayward.ui.render import Renderer, Scheme

NONCE = "gallery"
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


def write(folder: Path) -> int:
    """Write all pages below `folder`; returns how many."""
    renderer = Renderer()
    links = []
    for sample in samples():
        for scheme in SCHEMES:
            html = renderer.page(
                sample.view, nonce=NONCE, now=NOW, language=sample.language, scheme=scheme
            )
            path = folder / scheme / f"{sample.name}.html"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(html, encoding="utf-8")
            links.append(
                f'<li><a href="/{path.relative_to(folder)}">{sample.name}, {scheme}</a></li>'
            )
    index = f'<!doctype html><html lang="en"><title>Gallery</title><ul>{"".join(links)}</ul></html>'
    (folder / "index.html").write_text(index, encoding="utf-8")
    shutil.copytree(STATIC, folder / "static" / renderer.assets.version, dirs_exist_ok=True)
    return len(links)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bayward.ui.gallery", description=__doc__)
    parser.add_argument("folder", metavar="DIR", type=Path, help="is made if it is not there")
    sys.stdout.write(f"{write(parser.parse_args().folder)} pages\n")
