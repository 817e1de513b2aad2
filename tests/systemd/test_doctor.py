"""What `resquectl doctor` says of the unit, under a real systemd."""

import json

import pytest

from tests.systemd.service import Service

STOPS_SOON = "[Service]\nTimeoutStopSec=10\n"
IS_NOT_HEARD = "[Service]\nType=exec\nNotifyAccess=none\nWatchdogSec=0\n"


def said(service: Service) -> tuple[list[str], dict[str, str]]:
    """How weighty what it finds about the time of a stop is, and why it could not look at what."""
    program = "/opt/resqued/bin/resquectl"
    document = json.loads(service.machine.run(program, "-c", service.file, "--json", "doctor").stdout)
    weights = [finding["weight"] for finding in document["findings"] if finding["check"] == "stop-time"]
    return weights, {each["check"]: each["why"] for each in document["unchecked"]}


@pytest.mark.parametrize(
    ("settings", "weights"), [("", []), (STOPS_SOON, ["hint"]), (STOPS_SOON + IS_NOT_HEARD, ["problem"])]
)
def test_the_time_that_a_unit_gives_a_stop(service: Service, settings: str, weights: list[str]) -> None:
    service.adjust(settings, "zz")
    service.start()
    found, unchecked = said(service)

    assert "stop-time" not in unchecked
    assert found == weights
