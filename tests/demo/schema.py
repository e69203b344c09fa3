"""JSON Schema, as far as the contract uses it: what fits a schema, and values made from one."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
KINDS: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float), "null": (type(None),),
    "array": (list,), "object": (dict,),
}  # fmt: skip


class Schemas:
    """The schemas of a document, by name."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._known = document["components"]["schemas"]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._known[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def faults(self, value: Any, schema: Mapping[str, Any], at: str = "$") -> list[str]:
        """Where `value` does not fit `schema`; nothing when it does."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            tried = [self.faults(value, each, at) for each in schema["anyOf"]]
            return [] if [] in tried else [f"{at}: fits none of {len(tried)}: {tried[0][0]}"]
        if "const" in schema:
            return [] if value == schema["const"] else [f"{at}: is not {schema['const']!r}"]
        kind: str = schema["type"]
        if not _is_kind(value, kind):
            return [f"{at}: {value!r} is no {kind}"]
        if kind == "object":
            return self._object_faults(value, schema, at)
        if kind == "array":
            inner = [self.faults(each, schema["items"], f"{at}[{place}]") for place, each in enumerate(value)]
            return [fault for each in inner for fault in each]
        return [] if _fits(value, schema) else [f"{at}: {value!r} does not fit {dict(schema)}"]

    def _object_faults(self, value: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> list[str]:
        fields = schema.get("properties", {})
        found = [f"{at}: lacks {name}" for name in schema.get("required", ()) if name not in value]
        more = schema.get("additionalProperties", True)
        for name, each in value.items():
            inner = fields.get(name, more)
            if inner is False:
                found.append(f"{at}: has {name}, which is not promised")
            elif inner is not True:
                found += self.faults(each, inner, f"{at}.{name}")
        return found

    def values(self, schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
        """Values that fit `schema`."""
        schema = self._resolved(schema)
        if "anyOf" in schema:
            return st.one_of([self.values(each) for each in schema["anyOf"]])
        if "const" in schema or "enum" in schema:
            return st.sampled_from([schema["const"]] if "const" in schema else schema["enum"])
        match schema["type"]:
            case "object":
                fields = {name: self.values(each) for name, each in schema.get("properties", {}).items()}
                needed = {name: fields.pop(name) for name in schema.get("required", ())}
                return st.fixed_dictionaries(needed, optional=fields)
            case "array":
                return st.lists(self.values(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
            case "integer":
                return st.integers(schema.get("minimum", 0), 100_000)
            case "boolean":
                return st.booleans()
        return _texts(schema)


def _is_kind(value: Any, kind: str) -> bool:
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].replace("$", r"\Z"), alphabet=st.characters(max_codepoint=127))
    if schema.get("format") == "date":
        return st.dates().map(date.isoformat)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: moment.isoformat() + "+00:00")
    return st.text(max_size=20)


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    if "pattern" in schema:
        return re.search(schema["pattern"], value) is not None
    if "format" in schema:
        return _is_time(value, schema["format"])
    if isinstance(value, str | bool | None):
        return True
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _is_time(value: str, kind: str) -> bool:
    try:
        if kind == "date":
            return date.fromisoformat(value).isoformat() == value
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False
