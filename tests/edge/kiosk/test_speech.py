from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bayward.edge.kiosk.speech import TEXT_CHARS_MAX, Speaker
from kiosk_bench import KioskBench

VOICE = """#!/bin/sh
echo "$@" > "$(dirname "$0")/arguments"
cat > "$(dirname "$0")/spoken"
"""


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    program = tmp_path / "espeak-ng"
    program.write_text(VOICE)
    program.chmod(0o755)
    return program


async def heard(speaker: Speaker, voice: Path) -> str:
    speaking = speaker._speaking
    assert speaking is not None
    assert await asyncio.wait_for(speaking.wait(), 5) == 0
    return (voice.parent / "spoken").read_text()


async def test_a_screen_is_read_aloud_in_its_language(voice: Path) -> None:
    speaker = Speaker(voice)
    await speaker.say("Door 7 is open. " * 500, "pl")
    assert await heard(speaker, voice) == ("Door 7 is open. " * 500)[:TEXT_CHARS_MAX]
    assert (voice.parent / "arguments").read_text().split()[:2] == ["-v", "pl"]
    await speaker.hush()


async def test_a_new_text_interrupts_the_old(tmp_path: Path) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    speaker = Speaker(program)
    await speaker.say("a long story", "en")
    first = speaker._speaking
    await speaker.say("another one", "en")
    assert first is not None
    assert first.returncode is not None
    await speaker.hush()
    await speaker.hush()


async def test_the_kiosk_speaks_what_its_page_sends(voice: Path, tmp_path: Path) -> None:
    bench = KioskBench(tmp_path)
    bench.kiosk.speaker = Speaker(voice)
    await bench.get("/kiosk?lang=pl")
    answer = await bench.browser.post("/kiosk/say", content=b"Drzwi 7")
    assert answer.status_code == 204
    assert await heard(bench.kiosk.speaker, voice) == "Drzwi 7"
    await bench.kiosk.speaker.hush()


def test_a_machine_without_a_voice_has_no_button(
    monkeypatch: pytest.MonkeyPatch, voice: Path
) -> None:
    monkeypatch.setenv("PATH", str(voice.parent / "nowhere"))
    assert Speaker.find() is None
    monkeypatch.setenv("PATH", str(voice.parent))
    assert Speaker.find() is not None
