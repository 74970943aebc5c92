from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bayward.cloud.settings import CloudSettings, MailSettings
from bayward.core.errors import Misconfigured

STATE = Path("state")


def test_what_is_not_said_follows_from_the_public_url() -> None:
    settings = CloudSettings(state=STATE, public_url="https://lockers.example.com/")
    assert settings.public_url == "https://lockers.example.com"
    assert (settings.name, settings.link_host) == ("lockers.example.com",) * 2
    assert settings.origin == "https://lockers.example.com"
    assert not settings.is_plain_http


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:1"])
def test_plain_http_is_for_this_machine(url: str) -> None:
    assert CloudSettings(state=STATE, public_url=url, name="demo").is_plain_http


@pytest.mark.parametrize(
    "url",
    [
        "http://lockers.example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "ftp://localhost",
        "https://",
        "https://lockers.example.com/path",
        "https://lockers.example.com:port",
        "lockers.example.com",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match=r"settings\.public_url"):
        CloudSettings(state=STATE, public_url=url)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Not a host"}, "settings.name"),
        ({"name": "x" * 49}, "settings.name"),
        ({"http_port": 70_000}, "settings.port"),
        ({"zone": "Mars/Olympus"}, "settings.zone"),
    ],
)
def test_values_that_cannot_be_are_refused(change: dict[str, str], code: str) -> None:
    with pytest.raises(Misconfigured) as error:
        CloudSettings(state=STATE, **change)  # type: ignore[arg-type]  # one value each
    assert error.value.code == code


def test_a_file_is_read_and_the_command_line_wins(tmp_path: Path) -> None:
    file = tmp_path / "cloud.toml"
    file.write_text(
        'public_url = "https://lockers.example.com"\nhttp_port = 80\n'
        '[mail]\nhost = "mx.example.com"\nsender = "lockers@example.com"\n'
    )
    settings = CloudSettings.load(file, state=tmp_path, http_port=8001)
    assert (settings.http_port, settings.state) == (8001, tmp_path)
    assert settings.mail is not None
    assert settings.mail.port == 587


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense = 1", "settings.unknown"),
        ("http_port = 'eighty'", "settings.value"),
        ("not toml", "settings.not_toml"),
    ],
)
def test_a_file_that_does_not_hold_together_names_itself(
    tmp_path: Path, text: str, code: str
) -> None:
    file = tmp_path / "cloud.toml"
    file.write_text(text)
    with pytest.raises(Misconfigured) as error:
        CloudSettings.load(file, state=tmp_path)
    assert error.value.code == code
    assert error.value.facts["file"] == str(file)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"settings\.unreadable"):
        CloudSettings.load(tmp_path / "none.toml", state=tmp_path)


def test_ports_given_by_the_system_enter_the_url() -> None:
    settings = CloudSettings(
        state=STATE, public_url="http://localhost:0", http_port=0, link_port=0, enrol_port=0
    ).at_ports(http=4001, link=4002, enrol=4003)
    assert settings.origin == "http://localhost:4001"
    assert (settings.link_port, settings.enrol_port) == (4002, 4003)


def test_the_mail_password_is_read_from_its_file(tmp_path: Path) -> None:
    mail = MailSettings(host="mail.example.com", sender="lockers@example.com")
    assert mail.read_password() is None
    file = tmp_path / "password"
    file.write_text("secret\n")
    assert replace(mail, password_file=file).read_password() == "secret"
    with pytest.raises(Misconfigured, match=r"mail\.password_file"):
        replace(mail, password_file=tmp_path / "none").read_password()


def test_without_a_public_url_people_are_led_to_the_port_that_listens() -> None:
    assert CloudSettings(state=STATE).public_url == "http://localhost:8000"
    assert CloudSettings(state=STATE, http_port=8621).public_url == "http://localhost:8621"
    found = CloudSettings(state=STATE, http_port=0).at_ports(http=7, link=8, enrol=9)
    assert found.public_url == "http://localhost:7"
