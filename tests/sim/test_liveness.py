"""What must hold between bank and control plane, and at the end: each check bites."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bayward.cloud import reactions
from bayward.cloud.audit import service as audit
from bayward.cloud.audit.reader import Happened
from bayward.cloud.audit.store import Wanted
from bayward.cloud.fleet import service as fleet
from bayward.cloud.incidents import service as incidents
from bayward.cloud.link import ingest
from bayward.cloud.unit import Place, Work
from bayward.core.errors import Unavailable
from bayward.core.events import Event, EventType
from bayward.core.ids import TenantId
from bayward.sim import bank as sim_bank
from bayward.sim.cloud import SimCloud
from bayward.sim.gateway import Gateway
from bayward.sim.mirror import Mirror
from bayward.sim.register import register
from bayward.sim.run import run
from bayward.sim.town import Founded
from bayward.wire import upload as upload_rules
from world_bench import QUICK, WHOLE, assert_sound, found, often

pytestmark = pytest.mark.world  # each looks through several worlds for one that shows it
_T = EventType


def test_a_whole_world_comes_to_rest() -> None:
    assert_sound(often("cloud_crash", "cable_dropped", "mail_twice", plan=WHOLE))


def test_an_entry_acknowledged_and_not_kept_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    keep, count = Mirror.keep, [0]

    def forgets(self: Mirror, *told: Any) -> None:
        count[0] += 1
        if count[0] % 5:
            keep(self, *told)

    monkeypatch.setattr(Mirror, "keep", forgets)
    assert found("mirrored", QUICK)


def test_a_view_that_misses_an_event_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = (audit.append, fleet.compartment_moved)
    monkeypatch.setitem(reactions.WITHIN, _T.PARCEL_COLLECTED, cut)
    assert found("parcels differ", WHOLE)


def test_an_event_carried_out_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(work: Work, tenant: TenantId, event: Event, place: Place | None) -> None:
        reactions.react(work, tenant, event, place)
        if event.type is _T.COMPARTMENT_RESERVED:
            reactions.react(work, tenant, event, place)

    def change(founded: Founded) -> None:
        founded.cloud.unit._react = twice  # type: ignore[attr-defined]  # a whole cloud has one

    assert found("contradiction", WHOLE, change)


def test_answers_that_are_lost_again_and_again_break_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ingest that forgets what it has: the same entries again, after each lost answer."""
    check = upload_rules.check_upload

    def forgetful(known: Any, upload: Any) -> Any:
        accepted = check(known, upload)
        if accepted.is_replay:
            raise Unavailable("storage.failed")
        return accepted

    monkeypatch.setattr(ingest, "check_upload", forgetful)
    assert_sound(often("cloud_crash", plan=WHOLE))  # it costs time and breaks nothing


def test_an_alarm_without_its_incident_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reactions.WITHIN, _T.DOOR_FORCED_OPEN, (audit.append,))
    monkeypatch.setitem(reactions.WITHIN, _T.LOCKDOWN_ENGAGED, (audit.append,))
    assert found("door.forced_open, 0 in incidents", often("crowbar", plan=WHOLE))


def test_a_lockdown_nobody_shows_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    only_opened = (audit.append, incidents.signalled)
    monkeypatch.setitem(reactions.WITHIN, _T.DOOR_FORCED_OPEN, only_opened)
    monkeypatch.setitem(reactions.WITHIN, _T.LOCKDOWN_ENGAGED, (audit.append,))
    monkeypatch.setattr("bayward.sim.staff.Administrator.look_after", lambda *_: iter(()))
    assert found("lockdowns differ", often("crowbar", plan=WHOLE))


def test_letters_that_are_lost_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    take, count = Mirror._take_letter, [0]

    def drops(self: Mirror, *told: Any) -> None:
        count[0] += 1
        if count[0] % 4:
            take(self, *told)

    monkeypatch.setattr(Mirror, "_take_letter", drops)
    assert found("nobody was told", QUICK)


def test_a_link_that_says_everything_many_times_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, count = Gateway._store, [0]

    def busy(self: Gateway, event: Any) -> Any:
        count[0] += 1
        if count[0] % 40:
            raise Unavailable("storage.failed")
        return store(self, event)

    monkeypatch.setattr(Gateway, "_store", busy)
    assert found("messages for", replace(QUICK, hours=1))


def test_a_bank_that_wakes_up_for_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline in the past, as `bayward sim --quick --seed 18` found it."""
    monkeypatch.setattr(sim_bank, "TICK_MS_MAX", 1_000)
    assert found("steps for", replace(QUICK, hours=1))


def test_beacons_bound_the_times_of_a_world_and_come_to_rest() -> None:
    """Cosignatures go down, beacons come up, and a bank where nothing happens writes none."""
    seen: list[Happened] = []

    def watch(founded: Founded) -> None:
        cloud, plan = founded.cloud, founded.plan
        assert isinstance(cloud, SimCloud)

        def look() -> None:
            tenant = register().tenant
            logs = cloud.read(lambda work: audit.logs(work, tenant))
            banks = [one for one in logs if one.bank is not None]
            for one in banks:
                wanted = Wanted(origin=one.origin)
                seen.extend(
                    cloud.read(
                        lambda work, wanted=wanted: audit.happenings(  # type: ignore[misc]  # bound now
                            work, tenant, wanted, count=audit.LIST_MAX
                        )
                    )
                )

        founded.world.after(plan.length_ms - 1, "test", look)

    report = run(3, plan=replace(WHOLE, faults={}), change=watch)
    assert report.problem is None, report.problem
    beacons = [one for one in seen if one.event.type is _T.BEACON_SEEN]
    assert beacons
    assert len(beacons) < len(seen) / 3
    bounded = [one for one in seen if one.bounds.not_before and one.bounds.not_after]
    assert len(bounded) > len(seen) / 2
    assert not [one for one in seen if one.is_time_suspect]
    for one in bounded:
        assert (one.bounds.not_before or 0) <= (one.bounds.not_after or 0)
