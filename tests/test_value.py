"""Values that are made for each job are cheap to make, and values nevertheless."""

from dataclasses import replace

from resqued.value import value


@value
class Point:
    x: int
    y: int = 0


def test_values_are_equal_by_their_fields() -> None:
    assert Point(1) == Point(1, 0) != Point(1, 2)


def test_a_value_has_no_room_for_anything_else() -> None:
    assert not hasattr(Point(1), "__dict__")


def test_a_changed_value_is_another_one() -> None:
    first = Point(1)

    assert replace(first, y=2) == Point(1, 2)
    assert first == Point(1)


def test_its_fields_are_set_without_a_look_for_their_names() -> None:
    assert Point.__setattr__ is object.__setattr__
