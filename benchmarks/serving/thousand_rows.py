"""What 1,000 rows in one request cost beside the model: to be run in the folder of a scaffolded service.

``python thousand_rows.py BODY`` prints one line of JSON: seconds of decoding the request in the file BODY, of the model, and of
encoding, all in this process.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

LAPS = 15


def main(file: Path) -> None:
    """Medians of laps through the functions that ``/predict`` calls, after one that does not count."""
    sys.path.insert(0, str(Path.cwd()))
    import orjson
    import schema
    from runtime.coerce.answers import Answers
    from runtime.coerce.rows import Rows
    from runtime.rest.instances import Instances
    from runtime.service.model import open_model
    from runtime.settings import Settings

    model = open_model(Path("model"), Settings())
    instances = Instances(Rows(model.signature), schema.PredictRequest, Settings().max_rows)
    answers = Answers(model.signature)
    body = file.read_bytes()
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
    print(json.dumps({"decode": decode, "model": predict, "encode": encode}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
