"""Small words for templates."""

from __future__ import annotations

from bayward.ui.filters import capital, grouped, sentence, shortened, spelled, spoken, word


def test_numbers_in_words_up_to_twelve() -> None:
    assert [word(n) for n in (0, 1, 12, 13, 1284, -1)] == [
        "no",
        "one",
        "twelve",
        "13",
        "1,284",
        "-1",
    ]


def test_digits_are_grouped_for_eyes_and_spelled_for_ears() -> None:
    assert grouped("48219037") == "4821 9037"
    assert grouped("123456789") == "1234 5678 9"
    assert spelled("482") == "4, 8, 2"


def test_long_things_show_both_ends() -> None:
    assert shortened("a" * 8 + "b" * 30 + "c" * 6) == "aaaaaaaa…cccccc"
    assert shortened("short") == "short"


def test_sentences_of_what_is_there() -> None:
    assert sentence(["UPS", None, "", "photo"]) == "UPS · photo"
    assert capital("two parcels at UPS") == "Two parcels at UPS"
    assert capital("") == ""


def test_codes_are_spoken_and_what_people_wrote_stays() -> None:
    told = ["link.no_answer", "left_inside", "looked at it: nobody there", "0.1.0", "S", ""]
    assert [spoken(one) for one in told] == ["link no answer", "left inside", *told[2:]]
