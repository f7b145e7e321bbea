"""The comments beside a dataclass's fields, as what the documentation says of the fields."""

import re
from pathlib import Path

import griffe


class FieldComments(griffe.Extension):
    """`matrix: csr_matrix  # (U, M) binary` documents `matrix` as "(U, M) binary"."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: object) -> None:
        inside = attr.parent is not None and attr.parent.is_class
        if attr.docstring or not inside or attr.lineno is None or not isinstance(attr.filepath, Path):
            return
        line = attr.filepath.read_text(encoding="utf-8").splitlines()[attr.lineno - 1]
        if comment := re.search(r"  # (.+)$", line):
            attr.docstring = griffe.Docstring(comment[1], parent=attr)
