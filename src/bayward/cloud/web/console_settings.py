"""Settings: what a tenant decides for itself. Each change is an entry in the log.

Only what has an effect is here. How long a door may stand open is decided at the wall, in its
own settings file; ports and the mail server are decided by who runs the control plane.
"""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from litestar import Response
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from msgspec import Meta, Struct

from bayward.cloud.fleet import store as fleet_store
from bayward.cloud.people import store as people_store
from bayward.cloud.unit import Work
from bayward.cloud.web import places
from bayward.cloud.web.asking import You
from bayward.cloud.web.frame import console, notify
from bayward.cloud.web.routes import AnyRequest, Asking, back, do, show
from bayward.cloud.web.words import Words
from bayward.core.errors import Conflict, Invalid
from bayward.core.events import Event, EventType
from bayward.core.policy import Action
from bayward.ui.i18n import catalogues
from bayward.ui.views.base import Choice, FieldProblem, Say
from bayward.ui.views.console import Shell
from bayward.ui.views.console_admin import Setting, Settings

AGAIN = 422
FIELD_CHARS_MAX = 80
LANGUAGE = "language"
DEFAULT_LANGUAGE = "en"

Short = Annotated[str, Meta(max_length=FIELD_CHARS_MAX)]


class SettingFields(Struct, frozen=True):
    """One field per setting."""

    language: Short = DEFAULT_LANGUAGE
    zone: Short = "UTC"


@show("/console/settings", Action.SETTINGS_READ)
async def listed(asker: Asking) -> Response[str]:
    """What is set."""
    return await console(
        asker, places.everything, lambda words, _, frame: _view(frame, current(words))
    )


@do("/console/settings", Action.SETTINGS_CHANGE)
async def change(
    request: AnyRequest, asker: Asking, data: URLEncodedBody[SettingFields]
) -> Response[str] | Redirect:
    """Set it."""
    try:
        await asker.write(
            places.everything,
            lambda work, you: _save(work, you, data),
            lambda work, you: Say(
                "change_settings", {"tenant": people_store.tenant_name(work.tx, you.tenant)}
            ),
        )
    except Invalid as error:
        problem = FieldProblem(str(error.facts.get("field", "zone")), error.code, error.facts)
        return await console(
            asker.also(Action.SETTINGS_READ),
            places.everything,
            lambda _, __, frame: _view(frame, data, (problem,)),
            status=AGAIN,
        )
    notify(request, "settings.saved")
    return back("/console/settings")


def current(words: Words) -> SettingFields:
    """What a tenant has set, or would have by default."""
    work, tenant = words.work, words.tenant
    sites = fleet_store.sites(work.tx, tenant)
    language = fleet_store.setting(work.tx, tenant, LANGUAGE) or DEFAULT_LANGUAGE
    return SettingFields(language=language, zone=sites[0].time_zone if sites else "UTC")


def _save(work: Work, you: You, form: SettingFields) -> None:
    if form.language not in catalogues().codes():
        raise Invalid("person.language", field="language")
    if form.zone not in available_timezones():
        raise Invalid("site.time_zone", field="zone")
    before = current(Words(work, you.tenant))
    if form.language != before.language:
        fleet_store.set_setting(
            work.tx, you.tenant, LANGUAGE, form.language, by=you.person, now=work.now
        )
        _told(work, you, LANGUAGE, form.language)
    if form.zone != before.zone:
        sites = fleet_store.sites(work.tx, you.tenant)
        if not sites:
            raise Conflict("site.none")
        for site in sites:
            fleet_store.set_time_zone(work.tx, you.tenant, site.site, form.zone)
        _told(work, you, "zone", form.zone)


def _told(work: Work, you: You, name: str, value: str) -> None:
    event = Event(
        type=EventType.SETTING_CHANGED,
        time=work.now,
        actor=you.person,
        subject=name,
        detail=value,
    )
    work.emit(event, tenant=you.tenant)


def _view(frame: Shell, fields: SettingFields, problems: tuple[FieldProblem, ...] = ()) -> Settings:
    languages = catalogues()
    choices = tuple(
        Choice(code, languages[code].name, code == fields.language) for code in languages.codes()
    )
    return Settings(
        shell=frame,
        groups=(
            (
                "language",
                (
                    Setting(name="language", value=fields.language, kind="choice", choices=choices),
                    Setting(name="zone", value=fields.zone),
                ),
            ),
        ),
        problems=problems,
    )
