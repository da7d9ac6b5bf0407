"""How request bodies are read: strictly, completely, with every mistake in one answer."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, from_json

from shuffify.web.refusals import InvalidRequest, JsonRequired

WHOLE_BODY = "body"
"""The field that a mistake is reported for when it is in no single one."""

MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no field of this name.",
    "json_invalid": "The body is not valid JSON.",
    "model_type": "The body must be a JSON object.",
    "list_type": "This must be a list.",
    "dict_type": "This must be an object.",
    "string_type": "This must be a text.",
    "string_unicode": "This text is not valid Unicode.",
    "bool_type": "This must be true or false.",
    "int_type": "This must be a whole number.",
    "int_from_float": "This must be a whole number.",
    "greater_than_equal": "This must be {ge} or more.",
    "less_than_equal": "This must be {le} or less.",
}
"""Our words for pydantic's commonest complaints; the others read well as they are."""


class Schema(BaseModel):
    """The fields of one JSON body."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)

    @classmethod
    def problems(cls, sent: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Return what is wrong with the fields together, judged by which were sent."""
        return ()

    @classmethod
    def from_request(cls) -> Self:
        """Read the body of the request. Raises InvalidRequest, JsonRequired."""
        body = request.get_data()
        # A form has been read by the CSRF check already: its length is all that is left of it.
        if not request.is_json and (body or request.content_length):
            raise JsonRequired()
        return cls.from_body(body or b"{}")

    @classmethod
    def from_body(cls, body: bytes) -> Self:
        """Read a JSON text. Raises InvalidRequest with all mistakes."""
        mistakes: list[tuple[str, str]] = []
        read = None
        try:
            read = cls.model_validate_json(body)
        except ValidationError as error:
            mistakes += described(error.errors(include_url=False, include_input=False))
        if WHOLE_BODY not in dict(mistakes):
            mistakes += cls.problems(from_json(body))
        if read is None or mistakes:
            raise InvalidRequest(mistakes)
        return read

    def sent(self) -> dict[str, Any]:
        """Return the fields that the client named, absent ones left out."""
        return self.model_dump(exclude_unset=True)


class NoFields(Schema):
    """The body of a request that says everything in its address."""


class Query(BaseModel):
    """The arguments behind the question mark: always text, and strangers are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @classmethod
    def from_request(cls) -> Self:
        """Read the arguments of the request. Raises InvalidRequest with all mistakes."""
        try:
            return cls.model_validate(request.args.to_dict())
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            raise InvalidRequest(described(details)) from None


def described(details: Iterable[ErrorDetails]) -> Iterator[tuple[str, str]]:
    """Yield (field path as sent, message) for pydantic's findings."""
    for detail in details:
        path = ".".join(str(part) for part in detail["loc"])
        words = MESSAGES.get(detail["type"])
        message = detail["msg"] if words is None else words.format(**detail.get("ctx", {}))
        yield path or WHOLE_BODY, message


def complaint(message: str) -> PydanticCustomError:
    """Return an error that a validator raises to refuse its field with our own words."""
    # The text travels as a value: a brace in it would otherwise be read as a placeholder.
    return PydanticCustomError("refused", "{message}", {"message": message})


def complaints(title: str, errors: Iterable[tuple[str, str]]) -> ValidationError:
    """Return an error that refuses parts of a field, each under its own name."""
    lines = [
        InitErrorDetails(type=complaint(message), loc=(name,), input=None)
        for name, message in errors
    ]
    return ValidationError.from_exception_data(title, lines)
