"""The commands as click sees them: help, errors, settings in the environment, and everything but a plain `check`."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from typing import Any

import click

from tapelint import __version__
from tapelint.cli import TROUBLE, complain
from tapelint.cli import check as check_files
from tapelint.options import CHECK, CHOICE, COUNT, FLAG, MANY, Option, spelled_out

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def run(words: Sequence[str]) -> int:
    """Run one command line and return the exit code; what click has to complain about becomes one line."""
    try:
        code = main.main(spelled_out(words), prog_name="tapelint", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        complain(" ".join(error.format_message().split()))
        return TROUBLE
    return code if isinstance(code, int) else 0


@click.group(context_settings=_SETTINGS)
@click.version_option(__version__, "-V", "--version", message="tapelint %(version)s")
def main() -> None:
    """Find where gradients get lost in Python that uses tf.GradientTape, before anything runs.

    `tapelint PATH...` is short for `tapelint check PATH...`.
    """


def _click_option(option: Option) -> click.Option:
    more: dict[str, Any] = {}
    if option.kind == FLAG:
        more = {"is_flag": True}
    elif option.kind == MANY:
        more = {"multiple": True}
        if "FILE" in option.metavar:
            more["type"] = click.Path()  # in the environment: parted by the system's path separator, not by spaces
    elif option.kind == CHOICE:
        more = {"type": click.Choice(option.choices)}
    elif option.kind == COUNT:
        more = {"type": click.IntRange(min=1)}
    if option.metavar:
        more["metavar"] = option.metavar
    return click.Option(
        [*option.flags, option.name], help=option.help, envvar=f"TAPELINT_{option.name.upper()}", **more
    )


def _check(**parameters: Any) -> int:
    """Check files and folders (default: the current folder). - stands for what is piped in.

    Every option can also be given in the environment: TAPELINT_SELECT=TAP3 and so on.
    """
    return check_files(parameters)


def _fix(**parameters: Any) -> int:
    """Apply the safe fixes in files and folders (default: the current folder). Short for check --fix."""
    return check_files({**parameters, "fix": True})


main.add_command(
    click.Command(
        "fix",
        callback=_fix,
        help=_fix.__doc__,
        params=[click.Argument(["paths"], nargs=-1, type=click.Path()), *map(_click_option, CHECK)],
        context_settings=_SETTINGS,
    )
)
main.add_command(
    click.Command(
        "check",
        callback=_check,
        help=_check.__doc__,
        params=[click.Argument(["paths"], nargs=-1, type=click.Path()), *map(_click_option, CHECK)],
        context_settings=_SETTINGS,
    )
)


@main.command(context_settings=_SETTINGS)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="The form of the output.")
@click.option("--isolated", is_flag=True, help="Read no settings file.")
def tapes(paths: tuple[str, ...], output_format: str, isolated: bool) -> int:
    """List every tape block: where it is, its name, what it watches, who asks it."""
    from tapelint.settings import Configuration
    from tapelint.tapes import list_tapes

    return list_tapes(paths or (".",), output_format, Configuration(isolated=isolated))


@main.command(context_settings=_SETTINGS)
@click.argument("rule")
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="The form of the output.")
def explain(rule: str, output_format: str) -> int:
    """Show the page of a rule, found by its code or name."""
    from tapelint.catalogue import UnknownRuleError
    from tapelint.catalogue import rule as page_of
    from tapelint.output import wants_color, width
    from tapelint.report import explain as explained

    try:
        page = page_of(rule)
    except UnknownRuleError as error:
        complain(str(error))
        return TROUBLE
    if output_format == "json":
        explained.write_json(page, sys.stdout)
        return 0
    color = wants_color(None, sys.stdout, os.environ)
    explained.write(page, sys.stdout, color=color, width=width(sys.stdout))
    return 0


@main.command(context_settings=_SETTINGS)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="The form of the output.")
def rules(output_format: str) -> int:
    """List all rules."""
    from tapelint import catalogue
    from tapelint.output import wants_color, width
    from tapelint.report import explain as explained

    if output_format == "json":
        explained.write_table_json(catalogue.rules(), sys.stdout)
    else:
        color = wants_color(None, sys.stdout, os.environ)
        explained.write_table(catalogue.rules(), sys.stdout, color=color, width=width(sys.stdout))
    return 0


@main.group(context_settings=_SETTINGS, invoke_without_command=True)
@click.pass_context
def config(context: click.Context) -> None:
    """Show the settings."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@config.command("show", context_settings=_SETTINGS)
@click.argument("path", default=".", type=click.Path(exists=True))
@click.option("--isolated", is_flag=True, help="Read no settings file.")
def show(path: str, isolated: bool) -> int:
    """Show the settings that hold for PATH, and the file that they come from."""
    from tapelint.settings import KEYS, Configuration

    folder = os.path.abspath(path if os.path.isdir(path) else os.path.dirname(path) or ".")
    settings = Configuration(isolated=isolated).for_folder(folder)
    click.echo(f"# from {settings.file}" if settings.file else "# no settings file")
    for name in KEYS:
        if name in settings.values:
            click.echo(f"{name} = {json.dumps(settings.values[name], ensure_ascii=False)}")
    return 0


@main.command(context_settings=_SETTINGS)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", help="The form of the output.")
def version(output_format: str) -> int:
    """Show the versions of tapelint, Python and the libraries that it uses."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    versions = {"tapelint": __version__, "python": platform.python_version()}
    for name in ("libcst", "click", "rich", "pathspec"):
        try:
            versions[name] = installed(name)
        except PackageNotFoundError:
            continue
    if output_format == "json":
        click.echo(json.dumps({**versions, "platform": sys.platform}, indent=2))
    else:
        click.echo(" ".join(("tapelint", versions.pop("tapelint"))))
        for name, number in versions.items():
            click.echo(f"{name} {number}")
    return 0
