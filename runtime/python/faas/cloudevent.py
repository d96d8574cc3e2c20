"""The attributes of a CloudEvent, as `context.event` has them."""

from __future__ import annotations

from types import MappingProxyType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class CloudEvent:
    """An event's attributes (CloudEvents 1.0); its data is what the handler got as its input.

    Read-only. What an attribute means is said in https://github.com/cloudevents/spec.
    """

    __slots__ = (
        "_datacontenttype",
        "_dataschema",
        "_extensions",
        "_id",
        "_source",
        "_subject",
        "_time",
        "_type",
    )

    def __init__(
        self,
        id: str,  # noqa: A002 - the name that the specification gives it
        source: str,
        type: str,  # noqa: A002 - likewise
        subject: str | None = None,
        time: datetime | None = None,
        datacontenttype: str | None = None,
        dataschema: str | None = None,
        extensions: Mapping[str, str | int | bool] | None = None,
    ) -> None:
        self._id = id
        self._source = source
        self._type = type
        self._subject = subject
        self._time = time
        self._datacontenttype = datacontenttype
        self._dataschema = dataschema
        self._extensions = MappingProxyType(dict(extensions or {}))

    @property
    def id(self) -> str:
        """The event's id: an event with the same source and id is the same event."""
        return self._id

    @property
    def source(self) -> str:
        """Where it happened: a URI, or a reference to one."""
        return self._source

    @property
    def type(self) -> str:
        """What happened, such as `com.example.patient.admitted`."""
        return self._type

    @property
    def specversion(self) -> str:
        """The version of CloudEvents: always 1.0."""
        return "1.0"

    @property
    def subject(self) -> str | None:
        """What in the source it is about, if it says so."""
        return self._subject

    @property
    def time(self) -> datetime | None:
        """When it happened, with its time zone and to the microsecond, if it says so."""
        return self._time

    @property
    def datacontenttype(self) -> str | None:
        """The media type of the data, if it says so."""
        return self._datacontenttype

    @property
    def dataschema(self) -> str | None:
        """The URI of the schema that the data follows, if it says so."""
        return self._dataschema

    @property
    def extensions(self) -> Mapping[str, str | int | bool]:
        """All further attributes. In binary mode every value is text."""
        return self._extensions

    def __repr__(self) -> str:
        return f"CloudEvent(id={self._id!r}, source={self._source!r}, type={self._type!r})"
