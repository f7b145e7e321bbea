"""Labels from a CSV: what is read, and every mistake with its row."""

import numpy as np
import pandas as pd
import pytest

from macrid.data import label_file
from macrid.errors import InputError, InputWarning

IDS = pd.Series([f"mugs-{i:04d}" for i in range(1, 21)])


def read(tmp_path, text, encoding="utf-8"):
    (tmp_path / "few.csv").write_bytes(text.encode(encoding))
    return label_file.read(tmp_path / "few.csv", IDS)


def rows(*values, header="item_id,size"):
    return header + "\n" + "".join(f"{IDS[i]},{value}\n" for i, value in enumerate(values))


def said(tmp_path, text, encoding="utf-8") -> str:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text, encoding)
    message = str(caught.value)
    assert "\n" not in message
    assert "few.csv" in message
    return message


def test_numbers_and_yes_or_no_partly_empty(tmp_path):
    text = ("item_id,title,size, waterproof ,flag\nmugs-0003,Mug 3,1e2,yes,1\nmugs-0001,\"Mug, 1\",,No,0\n\n"
            "mugs-0007,Mug 7,-2.5,,\nmugs-0009,Mug 9,0,TRUE,1\nmugs-0010,Mug 10,,false,0\n")
    found = read(tmp_path, text)
    assert list(found.columns) == ["size", "waterproof", "flag"]
    assert found.index.tolist() == ["mugs-0003", "mugs-0001", "mugs-0007", "mugs-0009", "mugs-0010"]
    np.testing.assert_array_equal(found["size"], [100, np.nan, -2.5, 0, np.nan])
    np.testing.assert_array_equal(found["waterproof"], [1, 0, np.nan, 1, 0])
    np.testing.assert_array_equal(found["flag"], [1, 0, np.nan, 1, 0])


def test_as_spreadsheets_write_it(tmp_path):
    plain = read(tmp_path, rows(1, 2, 3, 4))
    pd.testing.assert_frame_equal(read(tmp_path, "\ufeff" + rows(1, 2, 3, 4)), plain)
    pd.testing.assert_frame_equal(read(tmp_path, rows(1, 2, 3, 4).replace("\n", "\r\n")), plain)
    pd.testing.assert_frame_equal(read(tmp_path, rows(1, 2, 3, 4).replace(",", ";")), plain)
    pd.testing.assert_frame_equal(read(tmp_path, rows(1, 2, 3, 4).replace(",", "\t")), plain)
    pd.testing.assert_frame_equal(read(tmp_path, rows('"1"', '"2"', '"3"', '"4"')), plain)


@pytest.mark.parametrize(("text", "named"), [
    ("", "empty"), ("\n\n", "empty"), ("mugs-0001,3\n", "no column item_id"), ("item_id\nmugs-0001\n", "no label column"),
    ("item_id,title,category\nmugs-0001,Mug,mugs\n", "no label column"), ("item_id,size,size\n", "two columns"),
    ("item_id,size,\n", "no name"), (rows(1, 2, "big", 4), "row 4: size is 'big'"), (rows(1, 2, "n.n.", 4), "row 4"),
    (rows(1, 2, "inf", 4), "row 4"), (rows(1, 2, '"3,5"', 4), "row 4: size is '3,5'"), (rows("yes", "no", 3, "no"), "row 4"),
    (rows(1, "yes", 2, 3), "row 4: size is '2'"), (rows("maybe", "no", "no", "no"), "row 2: size is 'maybe'"),
    (rows(1, 2, 3, 4) + "mugs-0002,5\n", "row 6: item 'mugs-0002' stands in row 3"),
    (rows(1, 2, 3, 4) + "mug-2,5\n", "row 6: there is no item 'mug-2'; for example mugs-"),
    (rows(1, 2, 3, 4) + ",5\n", "no item ''"), (rows(1, 2, 3, 4) + "mugs-0009\n", "row 6: has 1 fields, not 2"),
    (rows(1, 2, 3, 4) + "mugs-0009,5,6\n", "row 6: has 3 fields"), (rows(1, 2, 3), "too few labels (3 items)"),
    (rows(1, 2, 3, "", ""), "too few labels (3 items)"), (rows(), "too few labels (0 items)"),
    ('item_id,size\n"mugs-0001,3', "cannot be read"),
])
def test_a_mistake_is_named_with_its_row(tmp_path, text, named):
    assert named in said(tmp_path, text)


def test_no_file_and_no_text(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="there is no file"):
            label_file.read(path, IDS)
    with pytest.warns(InputWarning, match=r"not UTF-8 text, so it is read as Latin-1 \(row 5\)"):
        assert "row 5: size is 'é'" in said(tmp_path, rows(1, 2, 3, "é"), "latin-1")
    assert "few.csv" in said(tmp_path, "item_id,size\n\0", "utf-16")


def test_labels_of_the_items_that_a_model_is_trained_on(tmp_path):
    table = read(tmp_path, rows(1, 2, 3, 4, 5, 6))
    pd.testing.assert_frame_equal(label_file.of_items(table, IDS, tmp_path / "few.csv"), table)
    with pytest.warns(InputWarning, match="few.csv: 2 of 6 items") as caught:
        found = label_file.of_items(table, IDS[2:], tmp_path / "few.csv")
    assert "mugs-0001, mugs-0002" in str(caught[0].message)
    pd.testing.assert_frame_equal(found, table.iloc[2:])
    with pytest.warns(InputWarning), pytest.raises(InputError, match=r"few.csv: too few labels \(3 items\)"):
        label_file.of_items(table, IDS[3:], tmp_path / "few.csv")


def test_the_fingerprint_is_that_of_the_labels(tmp_path):
    one = label_file.fingerprint(read(tmp_path, rows(1, 2, 3, 4)))
    assert one == label_file.fingerprint(read(tmp_path, rows("1.0", "2", "3", "4e0")))
    assert one != label_file.fingerprint(read(tmp_path, rows(1, 2, 3, 5)))
    assert one != label_file.fingerprint(read(tmp_path, rows(1, 2, 3, 4, header="item_id,width")))
    assert one != label_file.fingerprint(read(tmp_path, rows(1, 2, 3, 4, 5)))
    assert one != label_file.fingerprint(read(tmp_path, rows(1, 2, 3, 4, header="item_id,size (small to large)")))


# the names of the ends, and writing -------------------------------------------------------------------------------------


def test_a_heading_names_the_two_ends(tmp_path):
    text = rows(1, 2, 3, 4, header="item_id, size ( small  to very large )")
    found = read(tmp_path, text)
    assert list(found.columns) == ["size"]
    assert found.attrs["ends"] == {"size": ("small", "very large")}
    assert read(tmp_path, rows(1, 2, 3, 4)).attrs["ends"] == {}
    assert "two columns are called 'size'" in said(tmp_path, "item_id,size,size (small to large)\nmugs-0001,1,2\n")
    assert list(read(tmp_path, rows(1, 2, 3, 4, header="item_id,price (USD)")).columns) == ["price (USD)"]


@pytest.mark.parametrize(("attribute", "ends"), [
    ("size", ("small", "large")), ("size", None), ("price (USD)", ("cheap", "dear")), ("Füße", ("kalt", "warm")),
    ("to", ("to", "fro")), ("style", ("hard to read", "easy")), ("a, b; c", ("x,y", "z")), ('say "hi"', None),
])
def test_a_heading_is_read_as_it_was_written(attribute, ends):
    assert label_file.split_heading(label_file.heading(attribute, ends)) == (attribute, ends)


@pytest.mark.parametrize(("attribute", "ends"), [
    ("", None), ("item_id", None), ("Title", ("a", "b")), ("size", ("small", "")), ("size", ("", "large")),
    ("style", ("easy", "hard to read")), ("size", ("small (s)", "large")), ("a\nb", None), (" size", None),
    ("size (small to large)", None),
])
def test_what_no_heading_can_say(attribute, ends):
    with pytest.raises(InputError, match="attribute"):
        label_file.heading(attribute, ends)


def test_written_and_read_again(tmp_path):
    titles = pd.Series([f'Mug "{i}", new;\tor not' for i in range(20)], IDS)
    table = pd.DataFrame({"size": [1.0, np.nan, 0.1 + 0.2, -3e-9], "a;b;c;d;e": [1.0, 0.0, np.nan, 1.0],
                          "none": [np.nan] * 4}, index=pd.Index(IDS[[4, 2, 7, 9]], name="item_id", dtype=object))
    table.attrs["ends"] = {"size": ("small", "large")}
    text = label_file.to_csv(table, titles)
    assert text.splitlines()[1].startswith('"mugs-0005","Mug ""4"", new;')
    assert text.count('"yes"') == 2
    found = read(tmp_path, text)
    pd.testing.assert_frame_equal(found, table)
    assert found.attrs == table.attrs


def test_few_labels_can_be_taken_up_though_not_learned_from():
    found = label_file.parse(rows(3).encode(), "few.csv", IDS)
    assert found["size"].tolist() == [3]
    with pytest.raises(InputError, match=r"few\.csv, row 2: size is 'big'"):
        label_file.parse(rows("big").encode(), "few.csv", IDS)
    assert list(label_file.parse(b"item_id,size\n", "few.csv", IDS).columns) == ["size"]
