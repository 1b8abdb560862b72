"""Judges the code in a TorchScript archive: every operator that it names, however it is spelled.

The code is a subset of Python's grammar (`torch/csrc/jit/serialization/import_source.cpp` reads it), so that Python's own
parser tells names from texts and comments. What that parser does not take is refused.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from mlpack.core.finding import Finding
from mlpack.scan.lists.graphs import torchscript_operators
from mlpack.scan.rules import Rule, torch

_ROOTS = frozenset({"torch", "ops"})
"""Where operators live. torch never writes the bare names: who gives ``torch`` another name means to hide what it calls."""
_OWN_METHODS = frozenset(
    {"save", "set", "owner", "owner_name", "is_owner", "local_value", "to_here", "record_stream", "set_data"}
)
"""Names off the list that a module may have for a method or an attribute of its own."""
_PYTHON = frozenset(
    {
        *(
            "eval",
            "exec",
            "compile",
            "open",
            "__import__",
            "__builtins__",
            "globals",
            "locals",
            "vars",
            "input",
            "breakpoint",
        ),
        *(
            "os",
            "sys",
            "subprocess",
            "builtins",
            "importlib",
            "socket",
            "shutil",
            "pathlib",
            "ctypes",
            "pickle",
            "runpy",
        ),
    }
)
"""Names of Python's own that TorchScript does not have."""
_COMPUTING = re.compile(
    r"__torch__\.torch\.classes\.(?:quantized\.(?:Linear|Conv[123]d|Embedding)PackedParamsBase|rnn\.CellParamsBase)(?:\.\w+)*"
)
"""C++ classes that hold packed weights."""
_CUSTOM = "__torch__.torch.classes"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DOES = {
    "from_file": "reads or writes a file",
    "save": "writes a file",
    "PythonOp": "calls a Python object",
    "IgnoredPythonOp": "calls a Python object",
    **dict.fromkeys(
        ("rpc_async", "rpc_sync", "rpc_remote", "to_here", "owner", "local_value"), "talks to another machine"
    ),
}


@dataclass
class Code:
    """What the code of a member says: how often each operator is called, and the findings."""

    operators: Counter[str] = field(default_factory=Counter)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)


Tree = ast.Module | Finding
"""Parsed code, or why it is none."""


def parsed(content: bytes, member: str) -> Tree:
    """The code in ``member`` of an archive, parsed as Python."""
    try:
        source = content.decode("utf-8")
        odd = _CONTROLS.search(source)
        if odd:
            return _unreadable(f"a control character {odd[0]!r}", member, len(source[: odd.start()].encode()))
        if "# type:" in source or "#type:" in source:
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                if token.type == tokenize.COMMENT and "type:" in token.string:
                    return _unreadable(f"a comment that torch takes for code, in line {token.start[0]:,}", member, None)
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
        return _unreadable(f"{type(error).__name__}: {str(error)[:200]}", member, None)


def _unreadable(why: str, member: str, offset: int | None) -> Finding:
    return torch.CODE.finding(f"its code cannot be judged: {why}", member=member, offset=offset)


def declared_names(trees: Iterable[Tree]) -> frozenset[str]:
    """The methods and attributes that the classes in ``trees`` declare."""
    found: set[str] = set()
    for kind in (one for tree in trees if isinstance(tree, ast.Module) for one in tree.body):
        for one in kind.body if isinstance(kind, ast.ClassDef) else ():
            if isinstance(one, ast.FunctionDef):
                found.add(one.name)
            elif isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                found.add(one.target.id)
    return frozenset(found)


def judge_code(tree: Tree, content: bytes, member: str, declared: frozenset[str]) -> Code:
    """Judge what `parsed` made of ``content``, in an archive whose classes have the names ``declared``."""
    if isinstance(tree, Finding):
        return Code(findings={(tree.rule, tree.message): tree})
    code = Code()
    _Judge(code, content, member, declared).judge(tree)
    return code


class _Judge:
    """Walks one tree. Names are judged wherever they stand, called or not: a function may be given another name."""

    def __init__(self, code: Code, content: bytes, member: str, declared: frozenset[str]) -> None:
        self._code = code
        self._member = member
        self._declared = declared
        self._lines = [0]
        for line in content.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def judge(self, tree: ast.Module) -> None:
        """Note what is found in ``tree``."""
        pending: list[tuple[ast.AST, ast.Call | None]] = [(tree, None)]
        while pending:
            node, call = pending.pop()
            match node:
                case ast.Attribute():
                    rest = self._attribute(node, call)
                    if rest is not None:
                        pending.append((rest, None))
                    continue
                case ast.Name():
                    self._name(node, call, tree)
                case ast.Call(func=ast.Name(id="getattr")):
                    self._getattr(node)
                case ast.Import() | ast.ImportFrom():
                    self._import(node)
            for child in ast.iter_child_nodes(node):
                called = isinstance(node, ast.Call) and child is node.func
                pending.append((child, node if called and isinstance(node, ast.Call) else None))

    def _attribute(self, node: ast.Attribute, call: ast.Call | None) -> ast.expr | None:
        """Judge a dotted name. Returns what is left of it to look at."""
        names, base = _chain(node)
        if not isinstance(base, ast.Name):
            for name in names:
                self._member_of(name, node, call)
            return base
        if base.id == "torch" and len(names) == 1:
            self._operator("aten", names[0], node, call)
        elif base.id == "ops" and len(names) == 2:
            self._operator(names[0], names[1], node, call)
        elif base.id in _ROOTS:
            self._note(torch.CODE, f"it names {'.'.join([base.id, *names])[:120]}, which is no operator", node)
        elif base.id == "__torch__":
            self._class(".".join([base.id, *names]), node)
        else:
            for name in names:
                self._member_of(name, node, call)
            return base
        return None

    def _operator(self, namespace: str, name: str, node: ast.AST, call: ast.Call | None) -> None:
        self._code.operators[f"{namespace}::{name}"] += 1
        if (namespace, name) not in torchscript_operators().listed:
            what = _DOES.get(name, "is on no list of operators that compute")
            self._note(torch.OPERATOR, f"it calls {namespace}::{name}{_texts_of(call)}, which {what}", node)

    def _member_of(self, name: str, node: ast.AST, call: ast.Call | None) -> None:
        """An attribute or method of a value: torch takes it for an operator where the value has none of that name."""
        if ("aten", name) not in torchscript_operators().kept_off:
            return
        if name not in self._declared or name not in _OWN_METHODS:
            what = _DOES.get(name, "is on no list of operators that compute")
            self._note(torch.OPERATOR, f"it calls aten::{name}{_texts_of(call)} as a method, which {what}", node)

    def _class(self, name: str, node: ast.AST) -> None:
        inner = f"{name}."
        if inner.startswith(f"{_CUSTOM}.") and not _COMPUTING.fullmatch(name):
            self._note(torch.CLASS, f"it uses the C++ class {name.removeprefix('__torch__.')[:120]}", node)

    def _name(self, node: ast.Name, call: ast.Call | None, tree: ast.Module) -> None:
        if node.id in _ROOTS or (node.id == "getattr" and call is None):
            self._note(torch.CODE, f"it uses the bare name {node.id}, which torch never writes", node)
        elif node.id in _PYTHON and node.id not in _bound_names(tree):
            self._note(torch.CODE, f"it uses {node.id}{_texts_of(call)}, which is Python's and not TorchScript's", node)

    def _getattr(self, call: ast.Call) -> None:
        name = call.args[1] if len(call.args) > 1 else None
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self._member_of(name.value, call, None)
        else:
            self._note(torch.CODE, "it looks up an attribute by a name that is computed", call)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = [one.name for one in node.names]
        if isinstance(node, ast.ImportFrom) or not all(name.split(".")[0] == "__torch__" for name in names):
            self._note(torch.CODE, f"it imports {', '.join(names)[:120]}", node)
        for name in names:
            self._class(name, node)

    def _note(self, rule: Rule, message: str, node: ast.AST) -> None:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        made = rule.finding(message, member=self._member, offset=self._lines[line - 1] + column)
        self._code.findings.setdefault((rule.id, message), made)


def _chain(node: ast.Attribute) -> tuple[list[str], ast.expr]:
    """``a.b.c`` as ``["b", "c"]`` and ``a``."""
    names: list[str] = []
    base: ast.expr = node
    while isinstance(base, ast.Attribute):
        names.append(base.attr)
        base = base.value
    return names[::-1], base


@lru_cache(maxsize=1)
def _bound_names(tree: ast.Module) -> frozenset[str]:
    """Names that the code itself gives to something."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return frozenset(found)


def _texts_of(call: ast.Call | None) -> str:
    """The texts among the arguments of a call: ``('/etc/passwd')``."""
    if call is None:
        return ""
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    texts = [repr(one.value[:120]) for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return f"({', '.join(texts)})" if texts else ""
