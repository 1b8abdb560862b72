"""Asks a running service over gRPC, one row after the other: ``ask_grpc.py PROJECT ADDRESS < rows.json > answers.json``.

``PROJECT`` has the stubs that protoc made. A row that a message cannot hold has no answer.
"""

import json
import sys

import grpc
from google.protobuf import json_format

sys.path.insert(0, sys.argv[1])
import model_pb2
import model_pb2_grpc

answers = []
with grpc.insecure_channel(sys.argv[2]) as channel:
    (name,) = [name for name in dir(model_pb2_grpc) if name.endswith("Stub")]
    stub = getattr(model_pb2_grpc, name)(channel)
    for row in json.load(sys.stdin):
        given = {key: value for key, value in row.items() if value is not None}
        try:
            request = json_format.ParseDict({"instances": [given]}, model_pb2.PredictRequest())
        except json_format.ParseError:
            answers.append(None)
            continue
        try:
            (answer,) = stub.Predict(request).predictions
            answers.append({"label": answer.label})
        except grpc.RpcError as error:
            answers.append({"error": error.details()})
json.dump(answers, sys.stdout)
