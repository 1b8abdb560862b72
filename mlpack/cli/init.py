"""``mlpack init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mlpack.cli.options import Json, Quiet, Verbose
from mlpack.cli.render import Renderer
from mlpack.core.view import Result

init = typer.Typer(
    name="init",
    help="Write what runs an image elsewhere: manifests for Kubernetes, a file for Compose, a pipeline that builds it.",
)

Image = Annotated[
    str | None,
    typer.Option(
        "--image", metavar="NAME:TAG", help="The image to run, if the bundle does not say.", show_default=False
    ),
]
Bundle = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="BUNDLE",
        help="The bundle in the image: names, labels and memory come from its manifest.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", help="What it is called, if not as the model or the image.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]


@init.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


@init.command()
def kubernetes(
    *,
    image: Image = None,
    model: Bundle = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")] = Path(
        "kubernetes"
    ),
    name: Name = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="Namespace, if not that of kubectl's context.", show_default=False),
    ] = None,
    replicas: Annotated[int, typer.Option("--replicas", min=1, help="Pods that there are at least.")] = 2,
    allow_from: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-from",
            metavar="NAMESPACE",
            help="Namespace whose pods may ask too, such as that of the ingress or of Prometheus. May be given more than once.",
            show_default=False,
        ),
    ] = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write manifests: Deployment, Service, autoscaler, disruption budget, network policy, KServe's InferenceService.

    Example: mlpack init kubernetes --image churn:1 --namespace risk
    """

    def call() -> Result:
        from mlpack.scaffold.deploy import init_kubernetes

        return init_kubernetes(
            output,
            image=image,
            model=model,
            name=name,
            namespace=namespace,
            replicas=replicas,
            allow_from=allow_from or (),
            force=force,
        )

    Renderer("init kubernetes", json=json, quiet=quiet, verbose=verbose).run("writing manifests", call)


@init.command()
def compose(
    *,
    image: Image = None,
    model: Bundle = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.")] = Path(),
    name: Name = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a compose.yaml that runs an image with limits and without rights that it does not need.

    Example: mlpack init compose --image churn:1
    """

    def call() -> Result:
        from mlpack.scaffold.deploy import init_compose

        return init_compose(output, image=image, model=model, name=name, force=force)

    Renderer("init compose", json=json, quiet=quiet, verbose=verbose).run("writing compose.yaml", call)


@init.command()
def ci(
    *,
    provider: Annotated[
        Literal["github", "gitlab"], typer.Option("--provider", help="Whose pipelines: GitHub Actions or GitLab CI.")
    ] = "github",
    model: Annotated[
        str, typer.Option("--model", metavar="PATH", help="The model file, as a path in the repository.")
    ] = "models/model.joblib",
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="PATH", help="Your own rows to compare with, in the repository.", show_default=False
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            "--image", metavar="NAME", help="Name of the image, without a tag: that is the commit.", show_default=False
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Top of the repository.")] = Path(),
    name: Name = None,
    force: Force = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a pipeline that scans, converts, verifies and containerizes a model, with SARIF and JUnit reports.

    Example: mlpack init ci --provider gitlab --model models/churn.joblib
    """

    def call() -> Result:
        from mlpack.scaffold.deploy import init_ci

        return init_ci(output, provider=provider, model=model, data=data, image=image, name=name, force=force)

    Renderer("init ci", json=json, quiet=quiet, verbose=verbose).run("writing a pipeline", call)
