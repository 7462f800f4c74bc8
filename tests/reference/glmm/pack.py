"""Pack values/*.json, as make_reference.R wrote them, into values.json.gz (the same bytes for the same values)."""

import gzip
import json
from pathlib import Path

HERE = Path(__file__).parent
names = [model["name"] for model in json.loads((HERE / "models.json").read_text())]
values = []
for name in names:
    value = json.loads((HERE / "values" / f"{name}.json").read_text())
    del value["seconds"]
    values.append(json.dumps(value, separators=(",", ":")))
text = "[\n" + ",\n".join(values) + "\n]\n"
(HERE / "values.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
