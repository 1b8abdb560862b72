"""Pages of docs/reference/ that are written from the code: the command line, formats, exit codes, the manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main

from mlpack.cli.main import app
from mlpack.convert.matrix import conversion_matrix

_WORDS = {int: "INTEGER", float: "NUMBER", Path: "PATH"}
_NOTE = "<!-- written by `make docs` from the code -->\n"


def pages(exit_codes: str) -> dict[str, str]:
    """The text of each page by its file name."""
    return {
        "commands.md": "\n".join([_NOTE, "# The command line", "", *_commands()]),
        "formats.md": f"{_NOTE}\n# Formats\n\n{conversion_matrix().to_markdown().strip()}\n\n{_FORMATS}",
        "exit-codes.md": f"{_NOTE}\n# Exit codes\n\n{_EXIT_CODES}\n\n{exit_codes}\n",
        "manifest.md": "\n".join([_NOTE, "# The manifest", "", _MANIFEST, "", *_manifest()]),
    }


_FORMATS = (
    "`mlpack formats` prints this table with what works on your machine, and how to get what does not. A bundle "
    "(`NAME.mlpack/`) and a folder that MLflow saved a model in are taken wherever a model file is.\n"
)

_EXIT_CODES = (
    "An error's class decides the exit code, and every message says what happened, why, and what to type next."
)
_MANIFEST = (
    "`mlpack.json` in a bundle. Its JSON Schema is `mlpack/bundle/manifest.schema.json`, in the package; a bundle of another "
    "`format_version` is refused."
)


def _commands() -> Iterator[str]:
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            yield from (f"## mlpack {name}", "", _text(command.help), "")
            for inner, below in command.commands.items():
                yield from _command(f"{name} {inner}", below, "###")
        else:
            yield from _command(name, command, "##")


def _command(name: str, command: Any, mark: str) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
    usage = " ".join(_usage(one) for one in arguments)
    yield from (f"{mark} mlpack {name}", "", f"```text\nmlpack {name} {usage} [OPTIONS]\n```".replace("  ", " "), "")
    yield from (_text(command.help), "", "| option | |", "|---|---|")
    for one in options:
        flags = ", ".join(f"`{flag}`" for flag in one.opts)
        yield f"| {flags}{_value(one)} | {_cell(one.help)}{' Needed.' if one.required else ''} |"
    yield ""


def _usage(argument: Any) -> str:
    word = (argument.metavar or argument.name).upper() + (
        "..." if argument.nargs == -1 and not (argument.metavar or "").endswith("...") else ""
    )
    return word if argument.required else f"[{word}]"


def _value(option: Any) -> str:
    if option.is_flag:
        return ""
    kind = option.type_descriptor.annotation
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    word = option.metavar or "|".join(map(str, choices)) or _WORDS.get(kind, "TEXT")
    return f" `{word}`".replace("|", "\\|")


def _text(help_text: str | None) -> str:
    """A command's help; its examples as code."""
    lines = (help_text or "").replace("\f", "").strip().splitlines()
    return "\n".join(_example(line.strip()) for line in lines)


def _example(line: str) -> str:
    start, mark, code = line.partition("Example: ")
    return f"Example: `{code}`" if mark and not start else line


def _cell(text: str | None) -> str:
    return (text or "").replace("|", "\\|").replace("\n", " ")


def _manifest() -> Iterator[str]:
    schema = json.loads(resources.files("mlpack.bundle").joinpath("manifest.schema.json").read_text())
    yield from ("| field | type | holds |", "|---|---|---|")
    yield from _fields("", schema, schema["$defs"])
    yield ""


def _fields(prefix: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    for name, told in schema.get("properties", {}).items():
        found = definitions[told["$ref"].rpartition("/")[2]] | told if "$ref" in told else told
        yield f"| `{prefix}{name}` | {_type(found)} | {_cell(found.get('description'))} |"
        inner = found.get("items", {}) if found.get("type") == "array" else found
        if "$ref" in inner:
            inner = definitions[inner["$ref"].rpartition("/")[2]]
        mark = "[]." if found.get("type") == "array" else "."
        yield from _fields(f"{prefix}{name}{mark}", inner, definitions)


def _type(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    kind = schema.get("type")
    return " or ".join(kind) if isinstance(kind, list) else str(kind or "one of several")
