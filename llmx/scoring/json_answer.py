"""Scorer `json`: the answer is a JSON value, compared field by field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field, field_validator

from llmx.core import json_text
from llmx.core.errors import DataError, LlmxError
from llmx.core.options import wrong
from llmx.core.record import Metric, Record, Sample, Score
from llmx.scoring.rouge import missing
from llmx.scoring.said import final
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

VALID = Metric(
    name="valid",
    unit="%",
    low=0.0,
    high=1.0,
    boolean=True,
    explain="Answers that are JSON, and what the schema asks for.",
)
FIELDS = Metric(
    name="fields", unit="%", low=0.0, high=1.0, explain="Fields of the reference that are right."
)
_FENCE = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)```", re.S)
_NOTHING = object()
_MISFIT = "not what the schema asks for: "
_SECONDS = 2.0


class JsonOptions(ScorerOptions):
    """What an answer has to be."""

    json_schema: dict[str, Any] = Field(
        default={}, description="JSON Schema that a right answer has to fit; none = any JSON"
    )
    fields: tuple[str, ...] = Field(
        default=(), description="of the reference, dotted; none = all of its fields"
    )
    ignore_case: bool = Field(default=False, description="of texts in fields")

    @field_validator("json_schema")
    @classmethod
    def _is_a_schema(cls, value: dict[str, Any]) -> dict[str, Any]:
        if "patternProperties" in json.dumps(value):
            raise wrong("patternProperties is not known here", "name the properties")
        if any(not ref.startswith("#") for ref in _referred(value)):
            raise wrong(
                "$ref leads out of the schema", "write it below $defs: $ref: '#/$defs/NAME'"
            )
        if value and missing("jsonschema", "json") is None:
            from jsonschema import SchemaError
            from jsonschema.validators import validator_for

            try:
                validator_for(value).check_schema(value)
            except SchemaError as error:
                raise wrong(f"is no JSON Schema: {error.message[:120]}") from error
        return value


class JsonScorer:
    """Strict is an answer that is JSON and nothing else, or one fenced block of it.

    Right is one whose fields are all those of the reference, by value (1 is 1.0, and true is not 1)
    and that fits the schema. Flexible is the last JSON object or list anywhere in the text.
    """

    kind: ClassVar[str] = "json"
    version: ClassVar[int] = 1
    Options: ClassVar[type[ScorerOptions]] = JsonOptions
    metrics: ClassVar[tuple[Metric, ...]] = (VALID, FIELDS)

    def __init__(self, options: JsonOptions) -> None:
        self.options = options
        self._validator: Any = None

    def score(self, record: Record, sample: Sample) -> Score:
        """Return the score of one record.

        Raises:
            DataError: if the reference is no JSON, or has not the asked fields.
        """
        expected, wanted = self.reference(sample), self._wanted(sample)
        said = final(record.text)
        strict = _whole(said)
        flexible = _last(said) if strict is _NOTHING else strict
        right, also = (self._right(value, wanted) for value in (strict, flexible))
        values = {
            VALID.name: float(strict is not _NOTHING and self._fits(strict)),
            FIELDS.name: self._share(strict, wanted),
        }
        shown = [None if one is _NOTHING else _written(one) for one in (strict, flexible)]
        pairs = list(zip(shown, (right, also), strict=True))
        return marked(record, sample, expected, *pairs, values=values)

    def key(self, record: Record) -> str | None:
        """Return the fields that are compared, in one spelling; None where there is no JSON."""
        value = _whole(final(record.text))
        if value is _NOTHING:
            return None
        fields = {path: self._plain(held) for path, held in self._counted(_leaves(value)).items()}
        written = _written(fields.get("", fields) if len(fields) < 2 else fields)
        return written if self._fits(value) else f"{_MISFIT}{written}"

    def reference(self, sample: Sample) -> str:
        """Return the reference.

        Raises:
            DataError: if it is no JSON, or has not the asked fields.
        """
        self._wanted(sample)
        return sample.answer

    def refusal(self) -> LlmxError | None:
        """Return what is missing: a package, where there is a schema."""
        return missing("jsonschema", "json") if self.options.json_schema else None

    def _wanted(self, sample: Sample) -> dict[str, Any]:
        """Return dotted field → value of the reference; ``""`` is a value that has no fields."""
        try:
            value = json_text.parse(written_reference(sample), strict=True)
        except ValueError as error:
            text = f"the reference answer of sample '{sample.id}' is no JSON: {sample.answer!r:.80}"
            raise DataError(text, "use another scorer, or repair the dataset") from error
        found = dict(_leaves(value))
        for name in self.options.fields:
            if not any(_under(key, name) for key in found):
                text = f"the reference answer of sample '{sample.id}' has no field '{name}'"
                raise DataError(text, "scorer_options.fields=[NAME], of every reference")
        return self._counted(found.items())

    def _counted(self, leaves: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        """Return those of a value's fields that the options ask for."""
        asked = self.options.fields
        return {k: v for k, v in leaves if not asked or any(_under(k, a) for a in asked)}

    def _right(self, value: Any, wanted: Mapping[str, Any]) -> bool:
        if value is _NOTHING or not self._fits(value) or self._share(value, wanted) < 1:
            return False
        # All fields that are there are those of the reference: an answer with more is another one.
        return bool(self.options.fields) or set(dict(_leaves(value))) == set(wanted)

    def _share(self, value: Any, wanted: Mapping[str, Any]) -> float:
        if value is _NOTHING:
            return 0.0
        found = dict(_leaves(value))
        hits = [key in found and self._same(found[key], one) for key, one in wanted.items()]
        return sum(hits) / len(hits) if hits else 1.0

    def _same(self, one: Any, other: Any) -> bool:
        if isinstance(one, bool) or isinstance(other, bool):
            return one is other
        if self.options.ignore_case and isinstance(one, str) and isinstance(other, str):
            return one.casefold() == other.casefold()
        return bool(one == other)

    def _plain(self, value: Any) -> Any:
        """Return one form of all values that are the same: 1 of 1.0."""
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value.casefold() if self.options.ignore_case and isinstance(value, str) else value

    def _fits(self, value: Any) -> bool:
        if not self.options.json_schema:
            return True
        if self._validator is None:
            if (refused := self.refusal()) is not None:
                raise refused
            self._validator = _validator(self.options.json_schema)
        try:
            return bool(self._validator.is_valid(value))
        except TimeoutError as error:
            text = f"a pattern of scorer_options.json_schema takes more than {_SECONDS:g} s"
            raise DataError(text, "write it without nested repetitions such as (a+)+") from error


def _validator(schema: dict[str, Any]) -> Any:
    """Return what checks a value: it fetches nothing, and its patterns come to an end."""
    import regex
    from jsonschema import ValidationError
    from jsonschema.validators import extend, validator_for
    from referencing import Registry

    def pattern(validator: Any, wanted: str, value: Any, schema: Any) -> Any:
        if isinstance(value, str) and not regex.search(wanted, value, timeout=_SECONDS):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    kind = extend(validator_for(schema), {"pattern": pattern})
    return kind(schema, registry=Registry())


def _referred(schema: Any) -> list[str]:
    """Return every ``$ref`` of a schema."""
    inner = schema.values() if isinstance(schema, dict) else schema
    if not isinstance(schema, dict | list):
        return []
    own = [schema["$ref"]] if isinstance(schema, dict) and "$ref" in schema else []
    return [*map(str, own), *(ref for one in inner for ref in _referred(one))]


def _leaves(value: Any, at: str = "") -> list[tuple[str, Any]]:
    """Return (dotted path, value) of everything in a JSON value that holds nothing itself."""
    if isinstance(value, dict) and value:
        inner = [(f"{at}.{key}" if at else str(key), held) for key, held in value.items()]
    elif isinstance(value, list) and value:
        inner = [(f"{at}.{place}" if at else str(place), held) for place, held in enumerate(value)]
    else:
        return [(at, value)]
    return [leaf for path, held in inner for leaf in _leaves(held, path)]


def _under(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _whole(said: str) -> Any:
    fenced = _FENCE.findall(said)
    text = fenced[0] if len(fenced) == 1 else said
    return _parsed(text)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _parsed(text: str) -> Any:
    try:
        return json_text.parse(text.strip(), strict=True)
    except ValueError:
        return _NOTHING


def _last(said: str) -> Any:
    """Return the last object or list in a text."""
    for opening in sorted(_outermost(said), reverse=True):
        found = _parsed(said[opening[0] : opening[1]])
        if found is not _NOTHING:
            return found
    return _NOTHING


def _outermost(said: str) -> list[tuple[int, int]]:
    """Return (start, end) of the balanced brackets that stand in no other ones."""
    found, open_at, depth, quoted, escaped = [], 0, 0, False, False
    for at, sign in enumerate(said):
        if quoted:
            quoted = escaped or sign != '"'
            escaped = sign == "\\" and not escaped
        elif depth and sign == '"':
            quoted = True
        elif sign in "{[":
            open_at = open_at if depth else at
            depth += 1
        elif sign in "}]" and depth:
            depth -= 1
            if not depth:
                found.append((open_at, at + 1))
    return found
