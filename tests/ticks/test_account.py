"""Whether the account of `./run ticks` sees what is wrong: a verdict that is always good is none."""

from collections.abc import Sequence

from tests.ticks.account import Account, account_of, wrongs
from tests.ticks.recording import Step, steps

JOB = b'{"class":"Job","args":["job-1"],"queue":"mail"}'
PLACE = b"resque:delayed:100"


def did(who: str, *words: bytes, script: int = 0, at: float = 200.0) -> Step:
    return Step(at, who, script, list(words))


def ours(*words: bytes, script: int = 1, at: float = 200.0) -> Step:
    return did("resqued:scheduler", *words, script=script, at=at)


ASIDE = did("feeder", b"RPUSH", PLACE, JOB, at=50.0)
TAKEN, PUT = ours(b"LTRIM", PLACE, b"1", b"-1"), ours(b"RPUSH", b"resque:queue:mail", JOB)


def wrong(*happened: Step) -> dict[str, Sequence[str]]:
    return {name: details for name, details in wrongs(account_of(happened), ()) if details}


def test_a_job_that_is_taken_and_put_onto_its_queue_is_right() -> None:
    assert wrong(ASIDE, PUT, TAKEN) == {}


def test_what_ours_do_wrong_is_seen() -> None:
    assert wrong(ASIDE, TAKEN) == {"lost by ours": ["job-1"]}
    assert wrong(ASIDE, PUT, TAKEN, PUT) == {"doubled by ours": ["job-1"]}
    assert wrong(ASIDE, ours(*PUT.words, at=99.0), TAKEN) == {"before its time by ours": ["job-1"]}
    assert wrong(ASIDE) == {"left behind": ["job-1"]}


def test_what_others_do_wrong_is_theirs() -> None:
    node = did("node", b"LPOP", PLACE)
    ruby = did("ruby", b"RPUSH", b"resque:queue:mail", JOB)
    account = account_of([ASIDE, node, ruby, did("ruby", b"LTRIM", PLACE, b"1", b"-1")])

    assert (account.hands["node"].lost, account.hands["ruby"].doubled) == (["job-1"], ["job-1"])
    assert not any(details for _, details in wrongs(account, ()))


def tick(script: int, until: bytes, jobs: int) -> list[Step]:
    put = ours(b"RPUSH", b"resque:queue:ticks", b'{"class":"Tick","args":["tick-1"]}', script=script)
    return [ours(b"HSET", b"resqued:resque:ticks", b"tick-1", until, script=script), *[put] * jobs]


def test_each_tick_is_one_job() -> None:
    account = account_of([*tick(1, b"100", 0), *tick(2, b"101", 1), *tick(3, b"103", 2)])

    assert (account.ticks, account.wrong_ticks) == (3, [])
    assert account_of([*tick(1, b"100", 0), *tick(2, b"102", 1)]).wrong_ticks != []
    assert account_of([*tick(1, b"100", 0), *tick(2, b"101", 2)]).wrong_ticks != []


def test_what_stands_where_a_list_should_be_is_set_aside_once() -> None:
    happened = [did("feeder", b"SET", PLACE, b"no list")]
    failed = ours(b"RPUSH", b"resque:failed", b'{"payload":{"class":"?","args":["delayed:100"]}}')
    forgotten = ours(b"ZREM", b"resque:delayed_queue_schedule", b"100")

    assert wrong(*happened) == {"left behind": ["delayed:100"]}
    assert wrong(*happened, failed, forgotten) == {}


def test_a_recording_is_read_with_who_did_what() -> None:
    lines = [
        b'+1795690865.5 [0 127.0.0.1:1] "client" "setname" "resqued:scheduler"\n',
        b'+1795690866.5 [0 127.0.0.1:1] "EVALSHA" "a0" "0"\n',
        b'+1795690866.5 [0 lua] "RPUSH" "resque:queue:\\xc3\\xa9" "a \\"b\\" \\\\ \\n"\n',
        b'+1795690867.5 [0 127.0.0.1:2] "get" "a"\n',
    ]
    read = list(steps(lines))

    assert read[2] == Step(1795690866.5, "resqued:scheduler", 1, [b"RPUSH", "resque:queue:é".encode(), b'a "b" \\ \n'])
    assert (read[3].who, read[3].script, read[3].words) == ("", 0, [b"GET", b"a"])


def test_nobody_has_done_anything() -> None:
    assert not any(details for _, details in wrongs(Account(), ()))
