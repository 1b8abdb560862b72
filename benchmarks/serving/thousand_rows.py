"""What 1,000 rows in one request cost beside the model: to be run in the folder of a scaffolded service.

``python thousand_rows.py`` prints one line of JSON: seconds of decoding, of the model, and of encoding, all in this process.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

ROWS, LAPS = 1000, 15


def main() -> None:
    """Medians of laps through the functions that ``/predict`` calls, after one that does not count."""
    sys.path.insert(0, str(Path.cwd()))
    import numpy as np
    import orjson
    import schema
    from runtime.coerce.answers import Answers
    from runtime.coerce.rows import Rows
    from runtime.rest.instances import Instances
    from runtime.service.model import open_model
    from runtime.settings import Settings

    model = open_model(Path("model"), Settings())
    instances = Instances(Rows(model.signature), schema.PredictRequest, ROWS)
    answers = Answers(model.signature)
    golden = next(iter(model.golden.inputs.values()))
    rows = golden[np.arange(ROWS) % len(golden)] * np.linspace(0.9, 1.1, ROWS)[:, None]
    body = json.dumps({"instances": rows.tolist()}).encode()
    laps = []
    for _ in range(LAPS + 1):
        begun = time.perf_counter()
        feed, count = instances.read(body)
        decoded = time.perf_counter()
        outputs = model.session.run(feed)
        answered = time.perf_counter()
        orjson.dumps({"predictions": answers.predictions(outputs, count)})
        laps.append((decoded - begun, answered - decoded, time.perf_counter() - answered))
    decode, predict, encode = (statistics.median(times) for times in zip(*laps[1:], strict=True))
    print(json.dumps({"decode": decode, "model": predict, "encode": encode, "bytes": len(body)}))


if __name__ == "__main__":
    main()
