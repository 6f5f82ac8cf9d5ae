"""The command line. `process` is the console script; `check` is what `tapelint [check] PATH...` does.

click is imported for everything but a plain `check` (see `tapelint.options`).
"""

from __future__ import annotations

import errno
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, NoReturn

    from tapelint.check import Terms
    from tapelint.progress import Progress
    from tapelint.result import FileResult
    from tapelint.run import Read
    from tapelint.settings import Configuration, Settings

COMMANDS = ("check", "fix", "tapes", "explain", "rules", "config", "version")
CLEAN, FINDINGS, TROUBLE, INTERRUPTED = 0, 1, 2, 130

SILENT_WHEN_CLEAN = ("full", "concise", "grouped")
"""Formats whose document is empty without findings, so that nothing need be imported to write it."""


def process() -> NoReturn:
    """Run `main`, and end the process with its exit code.

    Looking for cycles among the trees of a project would be a third of the time: `tapelint.run` does so now and then,
    which bounds the memory. The process ends without taking its memory apart piece by piece, which saves 9 ms of 270
    for a script of 500 lines.
    """
    gc.disable()
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            continue  # there is none, or nobody reads it any more
    os._exit(code)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line, `sys.argv` if none is given, and return the exit code. Never raises, never a traceback."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it is stdout until the process ends
    try:
        code = _main(sys.argv[1:] if words is None else list(words))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return CLEAN
    except Exception as error:
        if os.environ.get("TAPELINT_DEBUG"):
            import traceback

            traceback.print_exc()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            complain("what was to be written finds no space left")
            drop_output()
            return TROUBLE
        text = str(error).strip().splitlines()
        complain(f"internal error: {type(error).__name__}" + (f": {text[0]}" if text else ""))
        return TROUBLE


def _main(words: list[str]) -> int:
    from tapelint.settings import SettingsError

    command = words[0] if words else "check"
    if command in COMMANDS:
        rest = words[1:]
    elif command in ("--help", "-h", "--version", "-V"):
        rest = []
    else:
        command, rest = "check", words
    if command == "fix" and not {"--help", "-h"} & {*rest}:
        command, rest = "check", ["--fix", *rest]
    try:
        if command == "check":
            from tapelint.options import read_plain

            parameters = read_plain(rest, os.environ)
            if parameters is not None:
                return check(parameters)
            words = ["check", *rest]
        from tapelint.commands import run

        return run(words)
    except SettingsError as error:
        complain(str(error))
        return TROUBLE


def complain(text: str) -> None:
    """One line of trouble on stderr."""
    say(f"error: {text}")


def check(parameters: Mapping[str, Any]) -> int:
    """Check the files that the parameters (see `tapelint.options.CHECK`) mean, print, and return the exit code."""
    from tapelint.discovery import Discovery, Found
    from tapelint.run import Read, read
    from tapelint.settings import SettingsError

    _no_contradiction(parameters)
    configuration = _configuration(parameters)
    here = configuration.for_folder(os.getcwd())
    form: str = parameters["output_format"] or here.output_format or "full"
    if form not in SILENT_WHEN_CLEAN:
        from tapelint.report import FORMATS

        if form not in FORMATS:
            raise SettingsError(f"no output format is called {form}; choose from {', '.join(FORMATS)}")
    if parameters["statistics"] and form != "json":
        if parameters["output_format"] not in (None, "full"):
            raise SettingsError("--statistics goes with the formats full and json only")
        form = "full"
    if parameters["diff"] and (parameters["statistics"] or parameters["output_file"] is not None):
        raise SettingsError("--diff prints a patch, and goes with neither --statistics nor --output-file")
    for option in ("unsafe_fixes", "show_fixes", "exit_non_zero_on_fix"):
        if parameters[option] and not here.fix:
            raise SettingsError(f"--{option.replace('_', '-')} goes with --fix or --diff only")
    piped: dict[str, bytes] = {}
    discovery = Discovery(configuration)
    paths: list[str] = list(parameters["paths"]) or ["."]
    files: list[Read] = []
    if "-" in paths:
        paths = [path for path in paths if path != "-"]
        name = parameters["stdin_filename"] or "-"
        settings = configuration.for_folder(os.path.dirname(os.path.abspath(name)))
        data = sys.stdin.buffer.read() if sys.stdin is not None else b""
        if not (settings.force_exclude and settings.excludes.match(name)):
            files.append(Read(name, settings, data))
            if settings.fix and not parameters["diff"]:
                piped[name] = data
        elif settings.fix and not parameters["diff"]:
            sys.stdout.buffer.write(data)
    found: list[Found] = discovery.find(paths)
    if parameters["show_files"]:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(os.fsencode(file.path) + b"\n" for file in found)
        _report_trouble(discovery.errors, discovery.warnings)
        return TROUBLE if discovery.errors else CLEAN
    written = parameters["output_file"]
    if written is not None and os.path.realpath(written) in {file.real for file in found}:
        raise SettingsError(f"--output-file: {written} is one of the files to check, and would be overwritten")
    files += read(found, jobs=parameters["jobs"])
    _report_trouble(discovery.errors, discovery.warnings)
    code = _judge_and_print(files, configuration, parameters, form, piped)
    return TROUBLE if discovery.errors else code


def _judge_and_print(
    files: list[Read],
    configuration: Configuration,
    parameters: Mapping[str, Any],
    form: str,
    piped: Mapping[str, bytes],
) -> int:
    quiet: bool = parameters["quiet"]
    if (
        form in SILENT_WHEN_CLEAN
        and parameters["output_file"] is None
        and not parameters["statistics"]
        and not any(file.error or file.data is not None for file in files)
        and not any(settings.names_rules for settings in {file.settings for file in files})
        and not _narrows(files, parameters)
        and not _surrounded(parameters, files)
    ):
        if parameters["verbose"]:
            _tell_settings(files, None)
        if not quiet:
            say(nothing_found(len(files)))
        return CLEAN
    from tapelint.output import Output
    from tapelint.progress import Progress
    from tapelint.project import forget
    from tapelint.run import judge

    warnings: list[str] = []
    terms = _terms(files, parameters, warnings)
    _report_trouble((), warnings)
    if parameters["verbose"]:
        _tell_settings(files, terms)
    marked = sum(file.data is not None for file in files)
    progress = Progress(sys.stderr, marked, shown=not quiet)
    narrows = _narrows(files, parameters)
    if narrows:
        from tapelint.narrowing import Narrowing, write_baselines

        narrowing = Narrowing(files, terms, parameters)
    forget()  # who calls this from Python may have changed files since
    judged = judge(files, terms, parameters["jobs"], _outside(configuration), progress.step)
    if parameters["write_baseline"] is not None:
        return write_baselines(judged, terms, parameters, progress)
    results = narrowing.narrow(judged, progress) if narrows else (result for _, result in judged)
    if any(file.settings.fix for file in files):
        return _fix_and_print(files, results, parameters, form, piped, progress)
    output = Output(form, parameters["output_file"], parameters["color"], progress, statistics=parameters["statistics"])
    output.write(results)
    if not quiet:
        say(output.summary())
    if output.troubled:
        return TROUBLE
    return FINDINGS if output.findings and not parameters["exit_zero"] else CLEAN


def _fix_and_print(
    files: list[Read],
    results: Iterable[FileResult],
    parameters: Mapping[str, Any],
    form: str,
    piped: Mapping[str, bytes],
    progress: Progress,
) -> int:
    """Write what is fixed, or print it as a patch, and print what is left; the exit code."""
    from tapelint.fixes.ledger import Ledger
    from tapelint.output import Output, wants_color

    diff: bool = parameters["diff"]
    color = parameters["color"]
    ledger = Ledger(progress, diff=diff, color=diff and wants_color(color, sys.stdout, os.environ), piped=piped)
    stream = sys.stderr if piped else None  # what is piped in goes out on stdout, fixed
    output = Output(
        form, parameters["output_file"], color, progress, statistics=parameters["statistics"], stream=stream
    )
    settled = ledger.settled(results)
    if diff:
        output.count(settled)
    else:
        output.write(settled)
    if parameters["show_fixes"]:
        for line in ledger.listing():
            say(line)
    if not parameters["quiet"]:
        say(ledger.summary())
        if not diff:
            say(output.summary())
    if output.troubled:
        return TROUBLE
    fixed = bool(ledger.fixed) and (diff or parameters["exit_non_zero_on_fix"])
    left = output.findings and not diff
    return FINDINGS if (fixed or left) and not parameters["exit_zero"] else CLEAN


def _terms(files: list[Read], parameters: Mapping[str, Any], warnings: list[str]) -> Callable[[Read], Terms]:
    """What is asked of each file."""
    from tapelint.selection import Selection, select

    selections: dict[Settings, Selection] = {}

    def selection(settings: Settings) -> Selection:
        if settings not in selections:
            selections[settings] = select(settings, warnings, not parameters["ignore_suppressions"])
        return selections[settings]

    for file in files:
        selection(file.settings)
    return lambda file: selection(file.settings).terms_for(file.path, file.data)


def _outside(configuration: Configuration) -> Callable[[str], Read | None]:
    """Reads files that were not asked for, unless their settings exclude them."""
    from tapelint.discovery import Found
    from tapelint.run import read

    def outside(path: str) -> Read | None:
        settings = configuration.for_folder(os.path.dirname(os.path.abspath(path)))
        if settings.excludes.match(path):
            return None
        (file,) = read([Found(path, settings)], marked=False)
        return None if file.error else file

    return outside


def _surrounded(parameters: Mapping[str, Any], files: Iterable[Read]) -> bool:
    """Whether what was asked for is part of something larger, whose files may use it."""
    if not any(settings.follow_imports for settings in {file.settings for file in files}):
        return False
    from tapelint.surroundings import is_project

    folders: set[str] = set()
    for path in parameters["paths"] or (".",):
        if not os.path.isdir(path) or os.path.isfile(os.path.join(path, "__init__.py")):
            return True
        above = os.path.dirname(os.path.abspath(path))
        while above not in folders:
            folders.add(above)
            above = os.path.dirname(above)
    return any(is_project(folder) for folder in folders)


def _narrows(files: Iterable[Read], parameters: Mapping[str, Any]) -> bool:
    """Whether not everything that is found is printed, for another reason than comments."""
    wanted = parameters["write_baseline"], parameters["add_ignore"], parameters["diff_base"]
    return any(each is not None for each in wanted) or any(file.settings.baseline for file in files)


def nothing_found(files: int) -> str:
    """The summary of a run without findings: what `tapelint.report.summary` says, without importing it."""
    return f"Nothing found in {files} file{'' if files == 1 else 's'}"


def _configuration(parameters: Mapping[str, Any]) -> Configuration:
    from tapelint.settings import Configuration, SettingsError, parse_value

    given: dict[str, Any] = {}
    file = None
    for text in parameters["config"]:
        if "=" in text and not os.path.isfile(text):
            key, value = parse_value(text)
            given[key] = value
        elif file is None:
            file = text
        else:
            raise SettingsError(f"--config names two settings files: {file} and {text}")
    if file is not None and parameters["isolated"]:
        raise SettingsError("--isolated reads no settings file, and --config names one")
    for key in ("select", "ignore", "extend-select", "exclude", "extend-exclude"):
        words = parameters[key.replace("-", "_")]
        if words:
            given[key] = [part.strip() for word in words for part in word.split(",") if part.strip()]
    if given.get("select") == [] and parameters["select"]:
        raise SettingsError("--select names no rule")
    narrowed = [key for key in ("add_ignore", "write_baseline", "diff_base") if parameters[key] is not None]
    if parameters["fix"] or parameters["diff"]:
        if narrowed:
            raise SettingsError(f"--{narrowed[0].replace('_', '-')} goes with neither --fix nor --diff")
        given["fix"] = True
    elif narrowed:
        given["fix"] = False  # what is written or left out rests on the files as they are
    for key in ("pedantic", "force-exclude", "unsafe-fixes"):
        if parameters[key.replace("-", "_")]:
            given[key] = True
    if parameters["no_follow_imports"]:
        given["follow-imports"] = False
    if parameters["no_respect_gitignore"]:
        given["respect-gitignore"] = False
    if parameters["baseline"] is not None:
        given["baseline"] = os.path.abspath(parameters["baseline"]) if parameters["baseline"] else ""
    if parameters["target_keras"] is not None:
        given["target-keras"] = int(parameters["target_keras"])
    return Configuration(given, parameters["isolated"], file)


def _no_contradiction(parameters: Mapping[str, Any]) -> None:
    from tapelint.settings import SettingsError

    for one, other in (("write_baseline", "add_ignore"), ("write_baseline", "diff_base")):
        if parameters[one] is not None and parameters[other] is not None:
            raise SettingsError(f"--{one} and --{other} don't go together".replace("_", "-"))
    if "-" in parameters["paths"]:
        for name in ("add_ignore", "diff_base"):
            if parameters[name] is not None:
                raise SettingsError(f"--{name.replace('_', '-')} is for files, and - is none")


def _report_trouble(errors: Iterable[tuple[str, str]], warnings: Iterable[str]) -> None:
    for path, text in errors:
        complain(f"{path}: {text}")
    for text in dict.fromkeys(warnings):
        say(f"warning: {text}")


def _tell_settings(files: Sequence[Read], terms: Callable[[Read], Terms] | None) -> None:
    """Which settings files were read, how many files hold a mark, and for which Keras they are taken to be, and why."""
    for path in dict.fromkeys(file.settings.file for file in files):
        say(f"settings: {path or 'no file'}")
    say(f"{sum(file.data is not None for file in files)} of {len(files)} files hold something to check")
    if terms is None:
        return
    from tapelint.pins import pin_of

    assumed: dict[tuple[int, str, str], int] = {}
    for file in files:
        if file.data is not None:
            pin = pin_of(file.path, file.data)
            generation, before = terms(file).keras, terms(file).before
            reason = "nothing says otherwise" if pin is None else f"as {os.path.relpath(pin.path)} asks"
            if file.settings.keras is not None:
                reason = "as set"
            elif _says_keras_2(file):
                generation, reason = 2, "as the code says"
            elif file.settings.isolated:
                reason = "nothing else is set"
            releases = f"before {'.'.join(map(str, min(before, (2, 16))))}" if generation == 2 else "2.16 or newer"
            assumed[generation, releases, reason] = assumed.get((generation, releases, reason), 0) + 1
    for (generation, releases, reason), count in assumed.items():
        meant = "1 file" if count == 1 else f"{count} files"
        say(f"target: Keras {generation} with TensorFlow {releases}, for {meant}: {reason}")


def _says_keras_2(file: Read) -> bool:
    from tapelint.generation import uses_keras_2
    from tapelint.project import project_of

    project = project_of(file.path) if file.settings.follow_imports else None
    own = (file.data or b"").decode("latin-1")
    return uses_keras_2(own) or (project is not None and project.sets_keras_2(file.path))


def say(text: str) -> None:
    """One line on stderr, whatever its characters. A closed stderr is nobody's trouble."""
    if sys.stderr is None:
        return
    encoding = sys.stderr.encoding or "utf-8"
    line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text) + "\n"
    try:
        sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def drop_output() -> None:
    """Nobody reads stdout any more: let what is still to be written go nowhere, without a word at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
