"""json and jsonl: the shape that stays."""

from __future__ import annotations

import json
from pathlib import Path

from tapelint.diagnostic import Applicability, Edit, Fix, Span
from tapelint.result import FileResult
from tests.report.stories import CRITIC, critic, joined, on, printed, told


def test_one_finding() -> None:
    assert json.loads(printed("json", critic("src/critic.py"))) == [
        {
            "code": "TAP301",
            "name": "target-outside-tape",
            "message": "`total` is computed after `tape` stopped recording",
            "severity": "error",
            "filename": "src/critic.py",
            "cell": None,
            "location": {"row": 7, "column": 13},
            "end_location": {"row": 7, "column": 48},
            "related": [
                {
                    "message": "`tape` records this block only",
                    "filename": "src/critic.py",
                    "cell": None,
                    "location": {"row": 5, "column": 31},
                    "end_location": {"row": 5, "column": 35},
                },
                {
                    "message": "so every gradient here is None",
                    "filename": "src/critic.py",
                    "cell": None,
                    "location": {"row": 8, "column": 13},
                    "end_location": {"row": 8, "column": 61},
                },
            ],
            "fix": {
                "applicability": "safe",
                "message": "indent line 7 into the `with` block",
                "edits": [
                    {
                        "content": "    ",
                        "cell": None,
                        "location": {"row": 7, "column": 5},
                        "end_location": {"row": 7, "column": 5},
                    }
                ],
            },
            "url": "https://example.org/TAP301",
            "file_location": None,
            "file_end_location": None,
        }
    ]


def test_the_keys_keep_their_order() -> None:
    (entry,) = json.loads(printed("json", critic()))
    assert list(entry) == (
        "code name message severity filename cell location end_location related fix url"
        " file_location file_end_location".split()
    )


def test_columns_count_code_points() -> None:
    text = "値 = '\U0001f600' + x\r\ny = x\r\n"
    fix = Fix("", Applicability.UNSAFE, (Edit(on(text, "x"), "z"), Edit(on(text, "\r\n"), "\n")))
    (entry,) = json.loads(printed("json", told(text, (on(text, "x\r\ny"), ""), fix=fix)))
    assert (entry["location"], entry["end_location"]) == ({"row": 1, "column": 11}, {"row": 2, "column": 2})
    assert entry["fix"]["applicability"] == "unsafe"
    assert [edit["location"]["column"] for edit in entry["fix"]["edits"]] == [11, 12]


def test_nothing_found_is_an_empty_array() -> None:
    assert printed("json", [FileResult("a.py")]) == "[]\n"
    assert printed("jsonl", [FileResult("a.py")]) == ""


def test_jsonl_holds_the_same_objects() -> None:
    results = [critic("a.py"), FileResult("b.py"), joined(critic("c.py"), critic("c.py"))]
    lines = printed("jsonl", results).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(printed("json", results))
    assert len(lines) == 3


def test_related_place_in_another_file(tmp_path: Path) -> None:
    other = tmp_path / "losses.py"
    other.write_bytes("# é\r\nx = 1\r\n".encode())
    result = told(CRITIC, (Span(0, 1), ""), (Span(5, 6), "here", str(other)), (Span(5, 6), "there", "gone.py"))
    (entry,) = json.loads(printed("json", result))
    assert entry["related"] == [
        {
            "message": "here",
            "filename": str(other),
            "cell": None,
            "location": {"row": 2, "column": 1},
            "end_location": {"row": 2, "column": 2},
        },
        {"message": "there", "filename": "gone.py", "cell": None, "location": None, "end_location": None},
    ]


def test_other_files_are_read_anew_in_every_run(tmp_path: Path) -> None:
    other = tmp_path / "losses.py"
    result = told(CRITIC, (Span(0, 1), ""), (Span(3, 4), "here", str(other)))
    other.write_text("abcd")
    first = json.loads(printed("json", result))
    other.write_text("a\nbcd")
    second = json.loads(printed("json", result))
    assert first[0]["related"][0]["location"] == {"row": 1, "column": 4}
    assert second[0]["related"][0]["location"] == {"row": 2, "column": 2}


def test_any_stream_can_take_it() -> None:
    text = printed("json", told("値 = 1\n", (Span(0, 1), "値"), message="`値` \ud800 \x1b"))
    assert text.isascii()
    assert json.loads(text)[0]["message"] == "`値` \ud800 \x1b"
