"""Reads the path of a config.pbtxt a line, and writes it as JSON by Triton's own message. Runs beside its client."""

import json
import sys
from pathlib import Path

from google.protobuf import json_format, text_format
from tritonclient.grpc import model_config_pb2

for line in sys.stdin:
    config = text_format.Parse(Path(line.strip()).read_text(encoding="ascii"), model_config_pb2.ModelConfig())
    print(json.dumps(json_format.MessageToDict(config, preserving_proto_field_name=True)))
