"""The few words that the contract is written in: pieces of JSON Schema and OpenAPI."""

from typing import Any

Schema = dict[str, Any]

LARGEST = 999_999_999
"""The largest number that an address may hold."""
PERIOD = "[1-9][0-9]{0,8}[hd]"
"""The regular expression of a number of hours or days."""

TEXT: Schema = {"type": "string"}
TRUTH: Schema = {"type": "boolean"}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}


def one_of(*values: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(values)}


def maybe(schema: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of that."""
    return {"type": "array", "items": schema}


def table(schema: Schema) -> Schema:
    """That, by names which are not known beforehand."""
    return {"type": "object", "additionalProperties": schema}


def shape(**fields: Schema) -> Schema:
    """An object with exactly these fields."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def body(required: tuple[str, ...] = (), **fields: Schema) -> Schema:
    """What may be sent: fields that are not known are ignored."""
    return {"type": "object", "properties": fields, "required": list(required)}


def ref(name: str) -> Schema:
    """A schema by its name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}
