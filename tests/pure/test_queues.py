"""Which queues a worker looks at, in which order."""

import random
from collections import Counter
from fnmatch import fnmatchcase
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resqued.queues import Order, QueueSet, expand, matches

names = st.text("abc", min_size=1, max_size=3)
entries = st.lists(st.from_regex(r"!?[abc*?]{1,3}", fullmatch=True), max_size=6)
orders: st.SearchStrategy[Order] = st.sampled_from(("strict", "round-robin", "random"))


def queue_set(*entries: str, order: Order = "strict", known: tuple[str, ...] = ()) -> QueueSet:
    queues = QueueSet(entries, order, random.shuffle)
    queues.know(known)
    return queues


# What stands for which queues


def test_a_name_stands_for_itself_whether_or_not_there_is_such_a_queue() -> None:
    assert expand(["critical", "mail"], ()) == ["critical", "mail"]


def test_names_stand_in_the_order_of_the_configuration() -> None:
    assert expand(["mail", "critical"], {"critical", "mail"}) == ["mail", "critical"]


def test_a_star_stands_for_all_queues_by_name() -> None:
    assert expand(["*"], ["mail", "critical", "reports"]) == ["critical", "mail", "reports"]


def test_names_are_sorted_as_bytes() -> None:
    assert expand(["*"], ["é", "z", "Z", "a", "日"]) == ["Z", "a", "z", "é", "日"]


def test_a_glob_stands_for_the_queues_that_match_it() -> None:
    assert expand(["mail-*"], ["mail-a", "mail", "xmail-b", "mail-"]) == ["mail-", "mail-a"]


def test_a_name_comes_where_it_stands_before_the_globs_that_match_it() -> None:
    assert expand(["mail", "*"], ["critical", "mail"]) == ["mail", "critical"]


def test_a_name_after_the_glob_that_matches_it_comes_too_late() -> None:
    assert expand(["*", "critical"], ["critical", "mail", "a"]) == ["a", "critical", "mail"]


def test_globs_stand_for_nothing_where_no_queue_is_known() -> None:
    assert expand(["*", "mail-?"], ()) == []


def test_what_is_skipped_is_taken_away_from_globs() -> None:
    assert expand(["*", "!low"], ["high", "low"]) == ["high"]


def test_several_names_can_be_skipped() -> None:
    assert expand(["*", "!a", "!b"], ["a", "b", "c"]) == ["c"]


def test_globs_can_be_skipped() -> None:
    assert expand(["*", "!test_*"], ["mail", "test_one", "test_two"]) == ["mail"]


def test_it_does_not_matter_where_a_skip_stands() -> None:
    assert expand(["!low", "critical", "*"], ["high", "low"]) == ["critical", "high"]


def test_a_name_that_is_skipped_is_skipped() -> None:
    assert expand(["mail", "mail-vip", "!mail-*"], ()) == ["mail"]


def test_what_is_only_skipped_leaves_nothing() -> None:
    assert expand(["!mail"], ["mail", "reports"]) == []


@given(entries=entries, known=st.lists(names))
def test_each_queue_stands_there_once(entries: list[str], known: list[str]) -> None:
    assert max(Counter(expand(entries, known)).values(), default=1) == 1


@given(entries=entries, known=st.lists(names))
def test_no_queue_stands_there_that_is_neither_named_nor_known(entries: list[str], known: list[str]) -> None:
    assert set(expand(entries, known)) <= {*entries, *known}


@given(entries=entries, known=st.sets(names))
def test_it_does_not_matter_in_which_order_queues_become_known(entries: list[str], known: set[str]) -> None:
    assert expand(entries, sorted(known, reverse=True)) == expand(entries, sorted(known))


# What a glob matches: the answers of Ruby 3.1, `File.fnmatch?(glob, name)`


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*", "a.b"),
        ("*", "a/b"),
        ("a*", "a"),
        ("*a*b", "xaxxb"),
        ("a**b", "acb"),
        ("a*b", "a\nb"),
        ("a?b", "a/b"),
        ("?", "é"),
        ("é*", "éa"),
        (".*", ".hidden"),
        (r"\.*", ".hidden"),
        ("x?*", "x.x"),
        ("[a-c]", "b"),
        ("[ab-]", "-"),
        ("[a-é]", "b"),
        ("[^a]", "b"),
        ("[!a]", "b"),
        ("[a^]", "^"),
        ("[a!]", "!"),
        ("[!]", "x"),
        ("[b-a]", "b"),
        ("[b-a]", "a"),
        (r"[\]]", "]"),
        (r"[a\-c]", "-"),
        ("a]", "a]"),
        (r"\*", "*"),
        (r"\a*", "ab"),
        (r"\[a]*", "[a]"),
        ("*\\", "a"),
        ("{a,b}*", "{a,b}"),
        ("[a&&b]", "&"),
        ("*", ""),
    ],
)
def test_a_glob_matches_what_it_matches_in_ruby(glob: str, name: str) -> None:
    assert matches(glob, name)


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*", ".hidden"),
        ("?x", ".x"),
        ("[.]x", ".x"),
        ("*.x", ".x"),
        ("A*", "abc"),
        ("a?", "a"),
        ("a", "ab"),
        ("[^a]", "a"),
        ("[!a]", "a"),
        ("[!^]", "^"),
        ("[b-d]", "a"),
        ("[c-a]", "b"),
        (r"[a\-c]", "b"),
        ("[]", "[]"),
        ("[]a]", "a"),
        ("[]]", "]"),
        ("[", "["),
        ("a*[b", "a[b"),
        (r"\*", "a"),
        (r"\*", r"\*"),
        ("a\\", "a\\"),
        ("{a,b}*", "a"),
        ("**/a", "a"),
    ],
)
def test_a_glob_matches_nothing_else_than_in_ruby(glob: str, name: str) -> None:
    assert not matches(glob, name)


def test_the_end_of_a_line_is_not_the_end_of_a_name() -> None:
    assert not matches("*a", "a\n")


@given(glob=st.text("ab*?"), name=st.text("ab"))
def test_stars_and_question_marks_mean_what_they_mean_everywhere(glob: str, name: str) -> None:
    assert matches(glob, name) == fnmatchcase(name, glob)


@given(st.text())
def test_every_text_is_a_glob(text: str) -> None:
    assert isinstance(matches(text, "mail"), bool)


def test_a_name_that_nearly_matches_many_stars_takes_no_time() -> None:
    assert not matches("*a" * 12 + "b", "a" * 5000)


def test_a_bracket_that_is_never_closed_takes_no_time() -> None:
    assert not matches("[" + "a-" * 5000, "a")


# Does Redis have to be asked which queues there are?


@pytest.mark.parametrize("entries", [("mail",), ("mail", "reports"), ("mail", "reports", "!rep*")])
def test_names_are_fixed(entries: tuple[str, ...]) -> None:
    assert queue_set(*entries).is_fixed


@pytest.mark.parametrize("entries", [("*",), ("mail", "report?"), ("[ab]",)])
def test_globs_are_not_fixed(entries: tuple[str, ...]) -> None:
    assert not queue_set(*entries).is_fixed


@given(entries=entries, known=st.lists(names))
def test_what_is_fixed_does_not_depend_on_what_exists(entries: list[str], known: list[str]) -> None:
    queues = QueueSet(entries, "strict", random.shuffle)

    assert not queues.is_fixed or expand(entries, known) == queues.in_order()


def test_names_are_looked_at_before_anything_is_known() -> None:
    assert QueueSet(["*", "mail"], "strict", random.shuffle).in_order() == ["mail"]


def test_a_queue_that_appears_is_looked_at() -> None:
    queues = queue_set("*", known=("mail",))
    queues.know({"mail", "critical"})

    assert queues.in_order() == ["critical", "mail"]


def test_a_queue_that_is_gone_is_not_looked_at() -> None:
    queues = queue_set("*", known=("critical", "mail"))
    queues.know({"mail"})

    assert queues.in_order() == ["mail"]


# Strict


def test_in_strict_order_the_first_queue_is_always_the_first() -> None:
    queues = queue_set("critical", "mail")
    queues.served("critical")

    assert queues.in_order() == ["critical", "mail"]


# Round robin


def test_the_queue_that_was_served_is_the_last_one_next_time() -> None:
    queues = queue_set("a", "b", "c", order="round-robin")
    queues.served("a")

    assert queues.in_order() == ["b", "c", "a"]


def test_the_turn_of_queues_that_were_passed_over_is_over_too() -> None:
    queues = queue_set("a", "b", "c", order="round-robin")
    queues.served("b")

    assert queues.in_order() == ["c", "a", "b"]


def test_the_first_round_follows_the_configuration() -> None:
    assert queue_set("z", "*", order="round-robin", known=("a", "b")).in_order() == ["z", "a", "b"]


def test_to_look_again_which_queues_there_are_does_not_change_whose_turn_it_is() -> None:
    queues = queue_set("*", order="round-robin", known=("a", "b", "c"))
    queues.served("a")
    queues.know({"a", "b", "c"})

    assert queues.in_order() == ["b", "c", "a"]


def test_a_queue_that_appears_gets_its_turn() -> None:
    queues = queue_set("*", order="round-robin", known=("a", "c"))
    queues.served("a")
    queues.know({"a", "b", "c"})

    assert queues.in_order() == ["b", "c", "a"]


def test_when_the_queue_that_was_served_is_gone_a_new_round_begins() -> None:
    queues = queue_set("*", order="round-robin", known=("a", "b", "c"))
    queues.served("b")
    queues.know({"a", "c"})

    assert queues.in_order() == ["a", "c"]


def test_a_job_from_a_queue_that_is_not_ours_changes_nothing() -> None:
    queues = queue_set("a", "b", order="round-robin")
    queues.served("z")

    assert queues.in_order() == ["a", "b"]


@given(sizes=st.lists(st.integers(min_value=0, max_value=5), min_size=1, max_size=5), looks=st.booleans())
def test_no_queue_is_served_twice_while_another_one_waits(sizes: list[int], looks: bool) -> None:
    jobs = {f"q{number}": size for number, size in enumerate(sizes)}
    queues = queue_set("*", order="round-robin", known=tuple(jobs))
    served = []
    while any(jobs.values()):
        if looks:
            queues.know(jobs)
        name = next(name for name in queues.in_order() if jobs[name])
        queues.served(name)
        jobs[name] -= 1
        served.append(name)

    rounds = ([f"q{number}" for number, size in enumerate(sizes) if size > turn] for turn in range(5))
    assert served == list(chain.from_iterable(rounds))


# Random


def test_in_random_order_the_shuffle_decides() -> None:
    queues = QueueSet(["a", "b", "c"], "random", list.reverse)

    assert queues.in_order() == ["c", "b", "a"]


def test_each_look_shuffles_anew() -> None:
    orders = iter([["b", "a"], ["a", "b"]])

    def shuffle(names: list[str]) -> None:
        names[:] = next(orders)

    queues = QueueSet(["a", "b"], "random", shuffle)

    assert [queues.in_order(), queues.in_order()] == [["b", "a"], ["a", "b"]]


def test_only_random_order_shuffles() -> None:
    shuffled: list[list[str]] = []
    for order in ("strict", "round-robin"):
        QueueSet(["a", "b"], order, shuffled.append).in_order()

    assert shuffled == []


def test_in_random_order_each_queue_comes_first_at_times() -> None:
    queues = QueueSet(["a", "b", "c"], "random", random.Random(1).shuffle)

    assert Counter(queues.in_order()[0] for _ in repeat(None, 300)).keys() == {"a", "b", "c"}


# Whatever the order


@given(entries=entries, known=st.lists(names), order=orders, served=st.lists(names))
def test_order_neither_adds_nor_loses_a_queue(
    entries: list[str], known: list[str], order: Order, served: list[str]
) -> None:
    queues = queue_set(*entries, order=order, known=tuple(known))
    for name in served:
        queues.served(name)

    assert sorted(queues.in_order()) == sorted(expand(entries, known))


@given(order=orders)
def test_without_a_known_queue_a_pattern_leaves_nothing_to_ask(order: Order) -> None:
    assert queue_set("*", order=order).in_order() == []


def test_a_queue_that_is_held_is_asked_but_nobody_waits_on_it() -> None:
    queues = queue_set("a", "b", "c")
    queues.hold(["b", "elsewhere"])

    assert queues.in_order() == ["a", "b", "c"]
    assert queues.to_wait_on() == ["a", "c"]


def test_a_queue_is_held_until_the_next_look() -> None:
    queues = queue_set("a", "b")
    queues.hold(["b"])
    queues.hold([])

    assert queues.to_wait_on() == ["a", "b"]
