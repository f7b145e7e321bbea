"""What files look like before they are read: columns, types, roles, first rows, and what is in the way."""

import pandas as pd
import pytest

from macrid.data.reading.preview import preview
from macrid.data.reading.roles import Asked
from macrid.errors import InputError

ROWS = [("ann", "a1", "5", "2024-01-02"), ("bob", "a2", "3", "2024-01-03"), ("cem", "a1", "4", "2024-01-05")]


def table(path, header):
    path.write_text("\n".join(",".join(row) for row in [header, *ROWS]) + "\n")
    return path


def test_known_columns_are_recognised(tmp_path):
    seen = preview(table(tmp_path / "clicks.csv", ("userId", "movieId", "stars", "date")))
    assert seen.roles == {"user": 0, "item": 1, "rating": 2, "time": 3}
    assert seen.types == ["text", "text", "number", "time"]
    assert seen.rows == [list(row) for row in ROWS]
    assert seen.problem == ""
    assert not seen.fixed


def test_unknown_columns_are_shown_and_can_be_told(tmp_path):
    table(tmp_path / "plays.csv", ("who", "what", "stars", "when"))
    (tmp_path / "items.csv").write_text("item_id,title\na1,One\n")
    seen = preview(tmp_path)
    assert seen.name == "plays.csv"
    assert seen.columns == ["who", "what", "stars", "when"]
    assert seen.roles == {"rating": 2}
    assert "holds no interactions" in seen.problem
    told = preview(tmp_path, Asked("who", "what", "stars", "when"))
    assert told.problem == ""
    assert told.roles == {"user": 0, "item": 1, "rating": 2, "time": 3}
    assert {file.name: file.purpose for file in told.files} == {"plays.csv": "interactions", "items.csv": "items"}


def test_two_columns_that_could_be_the_user_are_a_question(tmp_path):
    seen = preview(table(tmp_path / "a.csv", ("user_id", "item_id", "customer_id", "date")))
    assert "both stand for the user" in seen.problem
    assert seen.roles == {"item": 1, "time": 3}


def test_a_table_without_a_header_and_one_with_types(tmp_path):
    (tmp_path / "bare.csv").write_text("\n".join(",".join(row) for row in ROWS))
    seen = preview(tmp_path / "bare.csv")
    assert not seen.header
    assert seen.columns == ["1", "2", "3", "4"]
    assert seen.roles == {"user": 0, "item": 1, "rating": 2, "time": 3}
    frame = pd.DataFrame(ROWS, columns=["user_id", "item_id", "rating", "time"]).astype({"rating": float})
    frame.to_parquet(tmp_path / "typed.parquet")
    seen = preview(tmp_path / "typed.parquet")
    assert seen.rows[0] == ["ann", "a1", "5.0", "2024-01-02"]
    assert seen.roles["rating"] == 2


def test_a_line_that_is_more_than_a_row_is_shown_as_it_is_read(tmp_path):
    (tmp_path / "lists.txt").write_text("0 1 2 3\n1 2\n2 5 6 7 8\n")
    seen = preview(tmp_path / "lists.txt")
    assert seen.fixed
    assert seen.columns == ["user", "item"]
    assert seen.rows[:3] == [["0", "1"], ["0", "2"], ["0", "3"]]


def test_events_are_told(tmp_path):
    (tmp_path / "log.csv").write_text("user_id,item_id,event\n1,2,view\n1,3,purchase\n2,3,view\n")
    assert preview(tmp_path / "log.csv").events == ["purchase", "view"]


def test_what_is_no_table_at_all_is_refused(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(InputError, match=r"a\.pdf: is a PDF"):
        preview(tmp_path / "a.pdf")
