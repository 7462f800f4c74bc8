"""Pack the values that `fit.R` wrote, one JSON file a model, into the two files that the tests read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

HERE = Path(__file__).resolve().parent


def write(path: Path, text: str) -> None:
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as out:
        out.write(text.encode())


def main() -> None:
    names = [model["name"] for model in json.loads((HERE / "models.json").read_text())]
    values = [json.loads((HERE / "values" / f"{name}.json").read_text()) for name in names]
    for value in values:
        del value["seconds"]
    texts = [f"#### {name}\n" + (HERE / "values" / f"{name}.txt").read_text() for name in names]
    write(HERE / "values.json.gz", "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in values) + "\n]\n")
    write(HERE / "summaries.txt.gz", "".join(texts))


if __name__ == "__main__":
    main()
