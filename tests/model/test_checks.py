"""The rules for settings: what they let through, in which type, and what they say."""

import pytest

from macrid.errors import InputError
from macrid.model.checks import INFINITY, Choice, LayerSizes, Number, check_values, or_none, switch, two_weights


@pytest.mark.parametrize(("rule", "value", "wanted"), [
    (Number(0, 5), 5, 5.0), (Number(1, 5, whole=True), 4.0, 4), (Number(0, INFINITY), 10**6, 1e6),
    (or_none(Number(0, 1)), None, None), (or_none(Number(0, 1)), 1, 1.0),
    (LayerSizes(), 600, (600,)), (LayerSizes(), [6, 4], (6, 4)), (LayerSizes(fewest=0), [], ()), (switch, False, False),
    (two_weights, [0, 1], (0.0, 1.0)), (Choice(("a", "b")), "b", "b")])
def test_what_is_allowed_comes_in_its_type(rule, value, wanted):
    found = rule("x", value)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(("rule", "value", "said"), [
    (Number(0, 1, less=True), 1, "x is 1: it must be a number from 0 to less than 1"),
    (Number(0, INFINITY), INFINITY, "x is inf: it must be a number of at least 0"),
    (Number(0, INFINITY), float("nan"), "x is nan: it must be a number of at least 0"),
    (Number(1, 9, whole=True), 2.5, "x is 2.5: it must be a whole number from 1 to 9"),
    (Number(0, 1), True, "x is True: it must be a number from 0 to 1"),
    (LayerSizes(), [], "x is []: it must be a list of whole numbers such as [600]"),
    (Choice(("a", "b")), ["a"], "x is ['a']: choose one of a, b"), (switch, 1, "x is 1: it must be true or false"),
    (two_weights, "ab", "x is 'ab': it must be two numbers of at least 0, such as [0.0, 0.0]")])
def test_what_is_not_is_said_with_what_is(rule, value, said):
    with pytest.raises(InputError) as caught:
        rule("x", value)
    assert str(caught.value) == said


def test_values_by_name():
    assert check_values({"a": 1, "b": 2}, {"a": Number(0, 1), "b": Number(0, 9, whole=True)}) == {"a": 1.0, "b": 2}
