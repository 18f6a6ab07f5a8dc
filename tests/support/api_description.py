"""An API's description, to hold real answers against."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

# A header that is there only sometimes.
_NOW_AND_THEN = {"Idempotency-Replayed"}


@dataclass(frozen=True)
class Description:
    """document: an OpenAPI document, as plain JSON."""

    document: Any

    def operations(self) -> dict[str, Any]:
        """By method and path, such as "GET /status"."""
        return {
            f"{method.upper()} {path}": operation
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }

    def assert_is_openapi(self) -> None:
        assert self.document["openapi"].startswith("3.1.")
        assert not list(OpenAPIV31SpecValidator(self.document).iter_errors())

    def assert_signed(self) -> None:
        """Every operation asks for a signature of version 4."""
        assert self.document["security"] == [{"iam": []}]
        assert all("security" not in each for each in self.operations().values())
        scheme = self.document["components"]["securitySchemes"]["iam"]
        assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"

    def declared_problems(self, operation: str) -> set[tuple[str, str]]:
        """Status and type of every example of a problem that our own code answers with."""
        return {
            (status, example["value"]["type"])
            for status, response in self.operations()[operation]["responses"].items()
            for example in response["content"]
            .get("application/problem+json", {})
            .get("examples", {})
            .values()
            if "status" in example["value"]
        }

    def assert_described(self, operation: str, answer: Any) -> None:
        """The answer's status, media type, headers and body are those of the document."""
        response = self.operations()[operation]["responses"][str(answer["statusCode"])]
        headers = dict(answer["headers"])
        content = response["content"][headers.pop("Content-Type")]
        declared = response["headers"]
        assert headers.keys() <= declared.keys()
        assert declared.keys() - headers.keys() <= _NOW_AND_THEN
        for name, value in headers.items():
            self.validate({"$ref": declared[name]["$ref"] + "/schema"}, value)
        self.validate(content["schema"], json.loads(answer["body"]))

    def assert_examples_fit(self) -> int:
        """Every example fits its schema; how many there are."""
        seen = 0
        for operation in self.operations().values():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [response["content"] for response in operation["responses"].values()]
            for content in [each for kinds in contents for each in kinds.values()]:
                examples = content.get("examples") or {"": {"value": content["example"]}}
                for example in examples.values():
                    self.validate(content["schema"], example["value"])
                    seen += 1
        return seen

    def validate(self, schema: Any, value: Any) -> None:
        """Raises unless the value fits the schema, whose references are those of the document."""
        checker = Draft202012Validator.FORMAT_CHECKER
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole, format_checker=checker).validate(value)
