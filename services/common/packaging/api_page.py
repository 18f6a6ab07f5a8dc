"""An OpenAPI document as one HTML page that needs no network: styles inside, no scripts.

Shows what a caller asks in this order: how to sign, each operation with a command to copy, its
parameters and answers, every kind of problem in one table, and the schemas.
Prose may hold paragraphs, `code` and **strong**, which is all of Markdown that we use in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_STYLE = Path(__file__).with_name("api_page.css")


def page(document: Json, *, source: str) -> str:
    """The page, ending in a newline. Equal documents give equal pages.

    source: the document itself, relative to the page.
    """
    info = document["info"]
    parts = [
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>",
        _prose(info["description"]),
        *_calling(document, source),
        *(_operation(document, *each) for each in _operations(document)),
        *_problems(document),
        *_schemas(document),
    ]
    return _PAGE.format(
        title=escape(info["title"]),
        style=_STYLE.read_text(encoding="utf-8"),
        links="\n".join(_links(document)),
        content="\n".join(parts),
    )


_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<nav aria-label="Contents">
{links}
</nav>
<main>
{content}
</main>
</body>
</html>
"""


def _links(document: Json) -> Iterator[str]:
    yield f'<a class="top" href="#calling">{escape(document["info"]["title"])}</a>'
    yield '<a href="#calling">Calling it</a>'
    for method, path, operation in _operations(document):
        badge = f'<b class="method {method}">{method}</b>'
        yield f'<a href="#{operation["operationId"]}">{badge} <code>{escape(path)}</code></a>'
    yield '<a href="#problems">Problems</a>'
    yield '<a href="#schemas">Schemas</a>'


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _calling(document: Json, source: str) -> Iterator[str]:
    yield '<h2 id="calling">Calling it</h2>'
    for server in document["servers"]:
        yield f"<p><code>{escape(server['url'])}</code><br>{_inline(server['description'])}</p>"
    for scheme in document["components"]["securitySchemes"].values():
        yield _prose(scheme["description"])
    version = escape(document["openapi"])
    yield f'<p>For machines: <a href="{escape(source)}">OpenAPI {version}</a>.</p>'


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    badge = f'<b class="method {method}">{method}</b>'
    name = operation["operationId"]
    parameters = [_resolved(document, each) for each in operation.get("parameters", [])]
    body = operation.get("requestBody")
    return "\n".join(
        [
            f'<section class="operation"><h2 id="{name}">{escape(operation["summary"])}</h2>',
            f'<p class="route">{badge} <code>{escape(path)}</code></p>',
            _prose(operation["description"]),
            f"<pre>{escape(_command(method, path, parameters, body))}</pre>",
            *(["<h3>Parameters</h3>", _parameters(parameters)] if parameters else []),
            *(["<h3>Body</h3>", _body(document, body)] if body else []),
            "<h3>Answers</h3>",
            *(_answer(document, *each) for each in operation["responses"].items()),
            "</section>",
        ]
    )


def _command(method: str, path: str, parameters: list[Json], body: Json | None) -> str:
    """A call to copy, for a shell with AWS credentials in its environment."""
    for each in parameters:
        path = path.replace(f"{{{each['name']}}}", str(each["example"]))
    lines = [
        'curl --aws-sigv4 "aws:amz:$AWS_REGION:execute-api"',
        '  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
        '  --header "x-amz-security-token: $AWS_SESSION_TOKEN"',
    ]
    headers = [each for each in parameters if each["in"] == "header"]
    lines += [f"  --header '{each['name']}: {each['example']}'" for each in headers]
    for media_type, content in (body or {"content": {}})["content"].items():
        lines += [f"  --header 'Content-Type: {media_type}'"]
        lines += [f"  --data '{json.dumps(content['example'])}'"]
    lines += [f'  --request {method.upper()} "$URL{path}"']
    return " \\\n".join(lines)


def _parameters(parameters: list[Json]) -> str:
    rows = (
        (
            f"<code>{escape(each['name'])}</code>",
            f"{each['in']}{', required' if each['required'] else ''}",
            f"{_inline(each['description'])}{_limits(each['schema'])}",
        )
        for each in parameters
    )
    return _table(("name", "where", "meaning"), rows)


def _body(document: Json, body: Json) -> str:
    return "\n".join(
        _prose(_resolved(document, content["schema"])["description"])
        for content in body["content"].values()
    )


def _answer(document: Json, status: str, response: Json) -> str:
    examples = []
    for media_type, content in response["content"].items():
        examples.append(f"<p><code>{escape(media_type)}</code></p>")
        named = content.get("examples") or {"": {"value": content["example"]}}
        examples += [_example(name, each["value"]) for name, each in named.items()]
    headers = [(name, _resolved(document, each)) for name, each in response["headers"].items()]
    rows = (
        (f"<code>{escape(name)}</code>", f"{_inline(each['description'])}{_limits(each['schema'])}")
        for name, each in headers
    )
    kind = f"s{status[0]}" if status[0].isdigit() else "s4"
    opened = " open" if kind == "s2" else ""
    return (
        f'<details class="answer"{opened}><summary><b class="status {kind}">{escape(status)}</b> '
        f"{_inline(response['description'])}</summary>"
        f"{''.join(examples)}{_table(('header', 'meaning'), rows) if headers else ''}</details>"
    )


def _example(name: str, value: Any) -> str:
    caption = f'<p class="caption">{escape(name)}</p>' if name else ""
    return f"{caption}<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _problems(document: Json) -> Iterator[str]:
    yield '<h2 id="problems">Problems</h2>'
    yield _prose(document["components"]["schemas"]["Problem"]["description"])
    rows = []
    for schema in document["components"]["schemas"].values():
        kind = schema.get("properties", {}).get("type", {})
        if isinstance(kind, dict) and "const" in kind:
            status = schema["properties"].get("status", {}).get("const", "4xx, 5xx")
            rows.append((str(status), f"<code>{escape(kind['const'])}</code>", _meaning(schema)))
    yield _table(("status", "type", "meaning"), rows)


def _meaning(schema: Json) -> str:
    return "<br>".join(_inline(schema[key]) for key in ("description", "x-when") if key in schema)


def _schemas(document: Json) -> Iterator[str]:
    yield '<h2 id="schemas">Schemas</h2>'
    for name, schema in document["components"]["schemas"].items():
        if "properties" not in schema or "allOf" in schema:
            continue
        yield f'<h3 id="{name}">{name}</h3>'
        rows = (
            (
                f"<code>{escape(member)}</code>",
                "always" if member in schema["required"] else "sometimes",
                f"{_inline(each.get('description', ''))}{_limits(each)}",
            )
            for member, each in schema["properties"].items()
        )
        yield _table(("member", "there", "meaning"), rows)


def _limits(schema: Json) -> str:
    """A schema's type and bounds, in small print."""
    shown = [schema.get("type", ""), schema.get("format", "")]
    shown += [f"{name} {schema[name]}" for name in ("pattern", "const") if name in schema]
    shown += [", ".join(schema["enum"])] if "enum" in schema else []
    text = ", ".join(each for each in shown if each)
    return f' <span class="limits">{escape(text)}</span>' if text else ""


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def _prose(text: str) -> str:
    return "\n".join(f"<p>{_inline(each)}</p>" for each in text.split("\n\n"))


def _inline(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def _resolved(document: Json, value: Json) -> Json:
    """`value`, or what its `$ref` points to within the document."""
    target: Any = document
    if "$ref" not in value:
        return value
    for step in value["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    return dict(target)
