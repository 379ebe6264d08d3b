"""Runs after view.py, in the same dictionary: texts and rows of tables that variables hold."""
import csv
import io

MOST_ROWS = 5000
# Bytes of a text or a table that are handed over.
MOST_BYTES = 6 << 20


def part_of(value):
    """Whether a value is a text, or rows with named columns."""
    if isinstance(value, str):
        return "text"
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, (getattr(pandas, "DataFrame", ()), getattr(pandas, "Series", ()))):
        return "rows"
    if isinstance(value, dict) and value and all(isinstance(key, str) for key in value):
        plain = (str, int, float, bool, type(None))
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            plain += (numpy.generic,)
        return "rows" if all(isinstance(cell, plain) for cell in value.values()) else None
    return None


def rows_of(value):
    """Names of columns and rows; of a column, which has no names, none."""
    pandas = sys.modules.get("pandas")
    if isinstance(value, dict):
        return list(value), [list(value.values())], 1
    if isinstance(value, pandas.Series):
        if not all(isinstance(name, str) for name in value.index):
            raise Refusal("VARIABLE_NO_ROW", "it is a column of a table; take a row of the table, such as table.iloc[0]")
        return list(value.index), [list(value)], 1
    shown = value.iloc[:MOST_ROWS]
    return [str(name) for name in shown.columns], list(shown.itertuples(index=False, name=None)), len(value)


def cell_text(cell):
    return "" if cell is None or cell != cell else str(cell)


def part(value):
    """A text as it is, rows as a CSV file."""
    if part_of(value) == "text":
        header, text = {}, value
    else:
        columns, rows, count = rows_of(value)
        if not rows:
            raise Refusal("VARIABLE_EMPTY", "the table has no rows")
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows([columns, *(map(cell_text, row) for row in rows)])
        header, text = {"rows": len(rows), "all": count}, written.getvalue()
    payload = text.encode("utf-8", "replace")
    if len(payload) > MOST_BYTES:
        raise Refusal("VARIABLE_TOO_LARGE", f"it has {len(payload)} bytes; take a part of it")
    return header, payload
