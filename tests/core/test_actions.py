from __future__ import annotations

from bayward.core import policy
from bayward.core.actions import Action


def test_every_action_has_a_row_in_the_policy_and_no_row_is_of_another() -> None:
    assert set(policy.TABLE) == set(Action)


def test_an_action_is_named_after_a_thing_and_what_is_done_with_it() -> None:
    for action in Action:
        thing, _, verb = action.value.partition(".")
        assert thing.replace("_", "").isalpha(), action
        assert verb.replace("_", "").isalpha(), action
        assert action.name == f"{thing}_{verb}".upper() or action is Action.STEP_UP
