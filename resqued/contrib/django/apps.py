"""The application to be installed in a project."""

from collections.abc import Mapping

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from resqued import address, destination
from resqued.errors import AddressError
from resqued.protocol.keys import DEFAULT_NAMESPACE

DEFAULTS = {"redis": "127.0.0.1:6379", "namespace": DEFAULT_NAMESPACE}


class Resqued(AppConfig):
    """Has no models; knows where jobs go."""

    name = "resqued.contrib.django"
    label = "resqued"

    def ready(self) -> None:
        """Nothing is connected, and no client made, before there is something to enqueue."""
        stated = getattr(settings, "RESQUED", None)
        if stated is not None:
            destination.state(_place(stated))


def _place(stated: object) -> destination.Place:
    if not isinstance(stated, Mapping):
        raise ImproperlyConfigured(f"RESQUED: expected a dict with {' and '.join(DEFAULTS)}, got {stated!r}")
    if unknown := [repr(key) for key in stated if key not in DEFAULTS]:
        raise ImproperlyConfigured(f"RESQUED: unknown: {', '.join(unknown)}; known: {', '.join(DEFAULTS)}")
    wanted = {**DEFAULTS, **stated}
    try:
        return destination.Place(address.parse(wanted["redis"]), wanted["namespace"])
    except AddressError as error:
        raise ImproperlyConfigured(f"RESQUED['redis']: {error}") from None
