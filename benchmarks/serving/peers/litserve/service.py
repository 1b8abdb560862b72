"""As LitServe's documentation writes it, with its own server on one worker of one processor.

It takes annotations for what the body has to be: as in its examples, there are none.
"""

import sys

import joblib
import litserve
import numpy as np


class Classifier(litserve.LitAPI):
    def setup(self, device):
        self.model = joblib.load("model.joblib")

    def decode_request(self, request):
        return np.array(request["input"])

    def predict(self, rows):
        return self.model.predict_proba(rows)

    def encode_response(self, probabilities):
        return {"output": probabilities.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Classifier(), accelerator="cpu", devices=1, workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
