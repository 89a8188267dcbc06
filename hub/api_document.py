"""The OpenAPI 3.1 document of the JSON API, generated from its table of operations and its typed structures."""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import msgspec

from hub import api_types as t
from hub.api_operations import OPERATIONS, Operation

REF: Final = "#/components/schemas/{name}"
PROBLEM: Final = "application/problem+json"
_SAID: Final = {
    400: "The request is not well formed", 401: "No token, or one that is not good any more", 403: "The token's scope or the account's role does not allow it",
    404: "Nothing there that this account may see", 413: "The body is too large", 415: "The body is no JSON", 422: "Something asked for is not valid",
    429: "Too many requests; see Retry-After",
}  # fmt: skip
_IN_PATH: Final = {"id": t.Id, "page": t.PageNumber}


@functools.cache
def document(version: str) -> bytes:
    """The document as JSON."""
    types = [*{kind for one in OPERATIONS for kind in (one.gives, one.takes) if kind is not None}, t.Problem]
    _, components = msgspec.json.schema_components(sorted(types, key=lambda kind: kind.__name__), ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, components)
    said = {
        "openapi": "3.1.0",
        "info": {
            "title": "jindang",
            "version": version,
            "description": "Reading room of the hub. Everything obeys the rights of the token's account.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }
    return msgspec.json.encode(said)


def _operation(one: Operation, components: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.id, "summary": one.said, "description": f"Scope of the token: {one.scope.value}", "parameters": _parameters(one, components),
        "responses": _responses(one),
    }  # fmt: skip
    if one.method == "POST":
        said["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": REF.format(name=one.takes.__name__)}}},
        }
    return said


def _parameters(one: Operation, components: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(_IN_PATH[name])}
        for name in re.findall(r"\{(\w+)\}", one.path)
    ]
    if one.method == "GET":
        for name, schema in components[one.takes.__name__].get("properties", {}).items():
            found.append({"name": name, "in": "query", "required": False, "schema": schema, **_lists(schema)})
    return found


def _lists(schema: dict[str, Any]) -> dict[str, Any]:
    return {"style": "form", "explode": True} if schema.get("type") == "array" else {}


def _responses(one: Operation) -> dict[str, Any]:
    content = (
        {"image/jpeg": {}}
        if one.gives is None
        else {"application/json": {"schema": {"$ref": REF.format(name=one.gives.__name__)}}}
    )
    problem = {PROBLEM: {"schema": {"$ref": REF.format(name=t.Problem.__name__)}}}
    good = "201" if one.created else "200"
    return {
        good: {"description": one.said, "content": content},
        **{str(status): {"description": text, "content": problem} for status, text in _SAID.items()},
    }
