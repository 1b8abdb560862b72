"""As LitServe's documentation writes it, with its own server on one worker of one processor.

It takes annotations for what the body has to be: as in its examples, there are none. BATCH is how many requests may go to the
model together.
"""

import os
import sys

import joblib
import litserve
import numpy as np

BATCH = int(os.environ.get("BATCH", "1"))


class Classifier(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load("model.joblib")

    def decode_request(self, request):
        return np.array(request["input"])

    def batch(self, inputs):
        return np.concatenate(inputs)

    def predict(self, rows):
        return self.model.predict_proba(rows)

    def unbatch(self, output):
        return [row[None] for row in output]

    def encode_response(self, probabilities):
        return {"output": probabilities.tolist()}


if __name__ == "__main__":
    api = Classifier(max_batch_size=BATCH, batch_timeout=0.005 if BATCH > 1 else 0.0)
    server = litserve.LitServer(api, accelerator="cpu", devices=1, workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
