from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import settings

from bayward.wire.link import State
from link_world import BUSY_MS, HEARTBEAT_MS, LinkMachine

TestLinkPair = LinkMachine.TestCase
TestLinkPair.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)

SEEDS = 100


def drive(machine: LinkMachine, chance: Random) -> None:
    """One world, with the troubles that need some luck to meet made likely."""
    machine.begin(chance.randrange(12), is_connected=True)
    for _ in range(chance.randrange(10, 60)):
        connection = machine.connection
        choices: list[Callable[[], None]] = [
            lambda: machine.something_is_logged(chance.randint(1, 5), chance.random() < 0.3),
            lambda: machine.time_passes(chance.choice([1, 500, BUSY_MS, HEARTBEAT_MS])),
        ]
        if connection is None:
            choices += 4 * [machine.the_bank_connects]
        else:
            choices += 4 * [
                lambda: machine.nothing_goes_wrong_for_a_while(chance.randint(1, 6)),
                lambda: machine.bytes_go_up(chance.choice([100, 1500, 10**6])),
                lambda: machine.bytes_go_down(chance.choice([20, 200, 10**6])),
            ]
            choices += [machine.the_connection_breaks, machine.the_cloud_restarts]
        if connection and connection.work:
            choices += 2 * [machine.the_cloud_is_busy, machine.the_cloud_commits_an_upload]
            choices += [machine.the_cloud_commits_an_upload_and_dies]
            choices += [
                lambda: machine.the_bank_comes_back_before_the_cloud_is_done(chance.randrange(6))
            ]
        if connection and connection.cloud.state is State.LIVE:
            choices.append(machine.the_cloud_orders_something)
        chance.choice(choices)()
        machine.check()
    machine.teardown()


def test_many_worlds_of_trouble() -> None:
    met = set[str]()
    for seed in range(SEEDS):
        machine = LinkMachine()
        try:
            drive(machine, Random(seed))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
        met |= machine.met
    assert met == {"busy", "gap", "replay"}
