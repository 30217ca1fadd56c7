"""The document of the open API, and whether an answer is one that it describes."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
DOCUMENT: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
A_UUID = "00000000-0000-4000-8000-000000000000"


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of everything in the document."""
    for path, found in DOCUMENT["paths"].items():
        yield from ((method, path) for method in found if method in METHODS)


def operation(method: str, path: str) -> dict[str, Any]:
    """What the document says of one."""
    told: dict[str, Any] = DOCUMENT["paths"][path][method]
    return {"parameters": [], **told}


def filled(method: str, path: str, customer: str = "1") -> str:
    """The path with a value of each parameter's kind, under which nothing need stand."""
    told = operation(method, path)["parameters"]
    path = path.replace("customers/{number}", f"customers/{customer}")
    for one in told:
        if one["in"] == "path":
            kind = one["schema"]
            value = A_UUID if kind.get("format") == "uuid" else kind.get("enum", ["1"])[0]
            path = path.replace("{" + one["name"] + "}", value)
    return path


def undescribed(method: str, path: str, answer: Any) -> list[str]:
    """What the document does not say of this answer."""
    told = operation(method, path)["responses"]
    if str(answer.status_code) not in told:
        return [f"{answer.status_code}: {answer.content.decode()[:200]}"]
    bodies = told[str(answer.status_code)].get("content")
    if bodies is None:
        return ["a body"] if answer.content else []
    kind = answer.headers["Content-Type"].partition(";")[0]
    if kind not in bodies:
        return [f"{answer.status_code} as {kind}"]
    schema = {**bodies[kind]["schema"], "components": DOCUMENT["components"]}
    found = Draft202012Validator(schema).iter_errors(answer.json())
    return [f"{error.json_path}: {error.message[:200]}" for error in found]
