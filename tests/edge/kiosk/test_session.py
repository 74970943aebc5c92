from __future__ import annotations

from bayward.edge.kiosk.session import PREFERENCES_MS, Refusal, Session
from bayward.ui.views.base import Problem


def test_preferences_are_kept_in_a_visit_and_not_for_the_next_person() -> None:
    session = Session("en")
    session.touch(1_000, "en")
    session.prefer(language="pl", text="large", contrast="more")
    session.touch(1_000 + PREFERENCES_MS, "en")
    assert (session.language, session.is_large_text, session.is_high_contrast) == ("pl", True, True)
    session.prefer(language=None, text="normal", contrast=None)
    assert (session.language, session.is_large_text, session.is_high_contrast) == (
        "pl",
        False,
        True,
    )
    session.touch(2_001 + 2 * PREFERENCES_MS, "en")
    assert (session.language, session.is_high_contrast) == ("en", False)


def test_nothing_of_a_visit_stays() -> None:
    session = Session("en", refusal=Refusal("/kiosk/collect", 3), farewell="delivered")
    session.draft.tracking = "1Z"
    session.draft.query = "olsen"
    session.forget()
    assert session == Session("en")


def test_a_problem_is_shown_once() -> None:
    session = Session("en")
    session.draft.problem = Problem("search.query")
    assert session.draft.take_problem() == Problem("search.query")
    assert session.draft.take_problem() is None
