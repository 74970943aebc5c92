import pytest

from bayward.core import errors
from bayward.core.errors import BaywardError, Denied


def test_the_base_is_never_raised_itself() -> None:
    with pytest.raises(TypeError):
        BaywardError("x")


def test_an_error_says_its_code_and_its_facts_in_order() -> None:
    assert str(Denied("bank.full", size="L", floor=2)) == "bank.full (floor=2, size=L)"
    assert str(Denied("lockdown")) == "lockdown"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    for kind in BaywardError.__subclasses__():
        if kind.__module__ == errors.__name__:
            assert f" {kind.__name__} " in (errors.__doc__ or "")
