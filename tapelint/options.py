"""The options of `tapelint check` as data: click builds the command from them, and plain command lines are read here.

Reading a plain command line here, and not with click, is worth it: importing click takes longer than all that a tree
without tapes needs. Anything that is not plain (an option that is unknown or badly used, `--help`, a setting in the
environment) is left to click, so there is one place that explains and complains.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

FLAG, VALUE, MANY, CHOICE, COUNT, MAYBE = "flag", "value", "many", "choice", "count", "maybe"


class Option:
    """One option. `kind`: a FLAG; a VALUE; MANY values, one each time; a CHOICE; a COUNT from 1; MAYBE a value.

    The value of a MAYBE option is empty if the option stands alone; it can only be given as `--option=value`, since the
    next word may be a path.
    """

    __slots__ = ("choices", "flags", "help", "kind", "metavar", "name")

    def __init__(self, flags: str, kind: str, help: str, *, choices: Sequence[str] = (), metavar: str = "") -> None:
        self.flags = flags.split()
        self.kind = kind
        self.help = help
        self.choices = choices
        self.metavar = metavar
        self.name = self.flags[0].lstrip("-").replace("-", "_")


CHECK = (
    Option("--select", MANY, "Use these rules: codes, beginnings of codes, names, or ALL.", metavar="RULES"),
    Option("--ignore", MANY, "Leave these rules out.", metavar="RULES"),
    Option("--extend-select", MANY, "Use these rules beside the selected ones.", metavar="RULES"),
    Option("--pedantic", FLAG, "Use the rules of severity info too."),
    Option("--fix", FLAG, "Apply safe fixes."),
    Option("--unsafe-fixes", FLAG, "With --fix or --diff: apply unsafe fixes too."),
    Option("--diff", FLAG, "Print what --fix would change as a patch, and change nothing."),
    Option("--show-fixes", FLAG, "With --fix or --diff: list the fixes."),
    Option("--exit-non-zero-on-fix", FLAG, "With --fix: exit with 1 if something was fixed."),
    Option("--no-follow-imports", FLAG, "Judge each file by itself, without the other modules of its project."),
    Option("--target-keras", CHOICE, "The Keras generation that the code is for.", choices=("2", "3")),
    Option("--output-format", VALUE, "The form of the output (default: full).", metavar="FORMAT"),
    Option("--output-file", VALUE, "Write the output to this file.", metavar="FILE"),
    Option("--ignore-suppressions", FLAG, "Report what comments suppress as well."),
    Option("--add-ignore", MAYBE, "Write a comment beside each finding that suppresses it.", metavar="[=REASON]"),
    Option("--baseline", VALUE, "Report only what this file doesn't hold.", metavar="FILE"),
    Option("--write-baseline", MAYBE, "Write all findings to the baseline.", metavar="[=FILE]"),
    Option("--diff-base", VALUE, "Report only what touches lines changed since this git revision.", metavar="REV"),
    Option("--statistics", FLAG, "Count the findings of each rule in place of showing them."),
    Option("--exit-zero", FLAG, "Exit with 0 even if there are findings."),
    Option("--stdin-filename", VALUE, "The name of the file that - stands for.", metavar="FILE"),
    Option("--exclude", MANY, "Pass over these files and folders in place of the default list.", metavar="PATTERNS"),
    Option("--extend-exclude", MANY, "Pass over these files and folders too.", metavar="PATTERNS"),
    Option("--force-exclude", FLAG, "Pass over excluded files even when they are named."),
    Option("--no-respect-gitignore", FLAG, "Do not pass over what git ignores."),
    Option("--config", MANY, "A settings file, or one setting as key=value.", metavar="FILE|KEY=VALUE"),
    Option("--isolated", FLAG, "Read no settings file."),
    Option("--show-files", FLAG, "List the files that would be checked, and stop."),
    Option("--jobs -j", COUNT, "At most so many processes (default: one for each processor).", metavar="N"),
    Option("--no-cache -n", FLAG, "Changes nothing: no results are kept between runs."),
    Option("--color", CHOICE, "Colours in the output (default: auto).", choices=("auto", "always", "never")),
    Option("--quiet -q", FLAG, "Print the findings and what went wrong, and nothing else."),
    Option(
        "--verbose -v", FLAG, "Also say which settings files were read, and how many files hold something to check."
    ),
)


def spelled_out(words: Sequence[str]) -> list[str]:
    """The words with an empty value for every MAYBE option that stands alone, as click needs it."""
    known = {flag: option for option in CHECK for flag in option.flags}
    spelled: list[str] = []
    rest = iter(words)
    for word in rest:
        option = known.get(word)
        spelled.append(f"{word}=" if option is not None and option.kind == MAYBE else word)
        if word == "--":
            spelled += rest
        elif option is not None and option.kind not in (FLAG, MAYBE):
            spelled += [value for value in (next(rest, None),) if value is not None]
    return spelled


def read_plain(words: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The parameters of a plain `check` command line, as click would give them; None if click must see it."""
    if any(name.startswith("TAPELINT_") and name != "TAPELINT_DEBUG" for name in environment):
        return None
    known = {flag: option for option in CHECK for flag in option.flags}
    found: dict[str, Any] = {
        option.name: () if option.kind == MANY else False if option.kind == FLAG else None for option in CHECK
    }
    paths: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            paths += words[at:]
            break
        if word == "-" or not word.startswith("-"):
            paths.append(word)
            continue
        flag, equals, value = word.partition("=")
        option = known.get(flag)
        if option is None or (equals and (option.kind == FLAG or not flag.startswith("--"))):
            return None
        if option.kind == FLAG:
            found[option.name] = True
            continue
        if option.kind == MAYBE:
            found[option.name] = value
            continue
        if not equals:
            if at == len(words):
                return None
            value = words[at]
            at += 1
        if option.kind == MANY:
            found[option.name] += (value,)
        elif option.kind == COUNT:
            if not (value.isascii() and value.isdigit() and int(value) > 0):
                return None
            found[option.name] = int(value)
        elif option.kind == CHOICE and value not in option.choices:
            return None
        else:
            found[option.name] = value
    found["paths"] = tuple(paths)
    return found
