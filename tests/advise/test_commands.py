"""What an advice ends with can be typed: the program itself reads every line."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from advise.facts import ANSWERS, MODEL, any_answers, any_measured, any_model
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.advise.commands import Named, commands_of
from mlpack.advise.decide import decide
from mlpack.cli.main import app

PROGRAM = typer.main.get_command(app)


def parsed(line):
    """The command that a line leads to, and its parameters as Typer reads them. Raises what a wrong line raises."""
    program, *arguments = shlex.split(line)
    assert program == "mlpack"
    command, context = PROGRAM, None
    while hasattr(command, "commands"):
        context = command.make_context(command.name, arguments, parent=context, resilient_parsing=False)
        name, command, arguments = command.resolve_command(
            context, [*getattr(context, "_protected_args", ()), *context.args]
        )
    return command.name, command.make_context(name, arguments, parent=context).params


def texts(answers, named=None, model=None, measured=None):
    verdict = decide(answers, model, measured)
    return [command.text for command in commands_of(verdict, answers, named or Named(), model)]


@settings(max_examples=150, deadline=None)
@given(any_answers, st.one_of(st.tuples(st.none(), st.none()), st.tuples(any_model, any_measured)), st.booleans())
def test_the_program_reads_every_line(answers, known, vouched):
    named = Named(
        Path("models/my model.joblib"),
        ("--data=my rows.csv",),
        (f"--trust={64 * 'a'}", "--allow=ours.steps:Ratio:built") if vouched else (),
    )
    lines = texts(answers, named, *known)
    read = [parsed(line) for line in lines]
    assert read[0][0] == "pack"
    assert str(read[0][1]["data"]) == "my rows.csv"
    verdict = decide(answers, *known)
    commands = [name for name, _ in read]
    assert ("serve" in commands) == (verdict.choice("mode") != "batch")
    assert ("batch" in commands) == (verdict.choice("mode") != "real time")
    for name, parameters in read:
        if name == "kubernetes":
            assert parameters["replicas"] == verdict.figures.replicas
        if name in {"serve", "containerize", "batch"}:
            assert parameters["model"] == Path("my-model.mlpack")
            assert bool(parameters["trust"]) == vouched


def test_for_a_cluster():
    assert texts(ANSWERS) == [
        "mlpack pack model.joblib -o model.mlpack",
        "mlpack serve model.mlpack --grpc-port=-1",
        "mlpack containerize model.mlpack -t model:1",
        "mlpack init kubernetes --model model.mlpack --image model:1 --name model --replicas 2",
    ]


def test_for_one_machine_and_for_the_night():
    assert texts(replace(ANSWERS, clients=1, images=True, bulk_rows=10)) == [
        "mlpack pack model.joblib -o model.mlpack",
        "mlpack serve model.mlpack",
        "mlpack containerize model.mlpack -t model:1",
        "mlpack init compose --model model.mlpack --image model:1 --name model",
        "mlpack batch model.mlpack -i rows.parquet -o predictions.parquet",
    ]
    assert texts(replace(ANSWERS, latency_ms=0, rows_per_day=10**12))[1:] == [
        "mlpack batch model.mlpack -i rows.parquet -o predictions.parquet --engine ray"
    ]


def test_long_requests_are_let_through():
    assert "mlpack serve model.mlpack --max-rows=50000" in texts(replace(ANSWERS, rows_per_request=50_000))


def test_a_bundle_is_not_packed_again_and_keeps_its_name(tmp_path):
    (tmp_path / "b.mlpack").mkdir()
    (tmp_path / "b.mlpack" / "mlpack.json").write_text("{}")
    lines = texts(ANSWERS, Named(tmp_path / "b.mlpack"), replace(MODEL, name="Churn Model", version="7"))
    assert not any(" pack " in line for line in lines)
    assert f"mlpack containerize {tmp_path / 'b.mlpack'} -t churn-model:7" in lines


@pytest.mark.parametrize(
    ("path", "bundle"), [("模型.onnx", "model.mlpack"), ("a/--.pkl", "model.mlpack"), ("x y.pt", "x-y.mlpack")]
)
def test_names_of_bundles(path, bundle):
    assert Named(Path(path)).bundle == Path(bundle)
