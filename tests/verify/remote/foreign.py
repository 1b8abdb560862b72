"""A server of the Open Inference Protocol that is none of ours: ONNX Runtime behind forty lines of ASGI.

``python foreign.py MODEL.onnx [TRAIT...]`` prints its port. Traits: ``binary`` reads and writes tensors as bytes; ``wrong``
answers every row whose first value is over 0 wrongly; ``small`` takes 100 rows at most, and 50 kB; ``strict`` refuses values
that are not finite; ``picky`` refuses rows whose first value is over 1; ``key`` wants one; ``several`` says that it serves two
models; ``mute`` lists none; ``slow`` never answers; ``gone`` ends after ten predictions;
``busy`` turns away every other request; ``broken`` says that its tensors are shorter than they are; ``poor`` leaves one out;
``ill`` fails at everything.
"""

import asyncio
import json
import os
import socket
import sys

import numpy as np
import onnxruntime
import uvicorn

NAMES = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(int64)": "INT64", "tensor(string)": "BYTES"}
TYPES = {"FP32": "<f4", "FP64": "<f8", "INT64": "<i8"}
LENGTH = b"inference-header-content-length"


class Server:
    def __init__(self, path, traits):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.traits = traits
        self.asked = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, headers, answer = self.answer(scope["method"], scope["path"], dict(scope["headers"]), body)
        if "slow" in self.traits and scope["path"].endswith("/infer"):
            await asyncio.sleep(3600)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def answer(self, method, path, headers, body):
        if "key" in self.traits and headers.get(b"authorization") != b"Bearer sesame":
            return refused(401, "no key")
        if "ill" in self.traits:
            return refused(502, "out of order")
        if (method, path) == ("GET", "/v2"):
            extensions = ["binary_tensor_data"] if "binary" in self.traits else []
            return plain({"name": "foreign", "version": "1.0", "extensions": extensions})
        if (method, path) == ("POST", "/v2/repository/index") and "mute" not in self.traits:
            return plain([{"name": name} for name in ("other", "iris")[0 if "several" in self.traits else 1 :]])
        if (method, path) == ("GET", "/v2/models/iris"):
            return plain({"name": "iris", "versions": ["1"], "platform": "onnx", **self.tensors()})
        if (method, path) != ("POST", "/v2/models/iris/infer"):
            return refused(404, f"there is no {path}")
        return self.infer(headers, body)

    def tensors(self):
        def shown(node):
            return {
                "name": node.name,
                "datatype": NAMES[node.type],
                "shape": [dim if isinstance(dim, int) else -1 for dim in node.shape],
            }

        nodes = {"inputs": self.session.get_inputs(), "outputs": self.session.get_outputs()}
        return {side: [shown(node) for node in found] for side, found in nodes.items()}

    def infer(self, headers, body):
        self.asked += 1
        if "gone" in self.traits and self.asked > 10:
            os._exit(0)
        if "busy" in self.traits and self.asked % 2:
            return refused(429, "later", (b"retry-after", b"0"))
        length = int(headers.get(LENGTH, len(body)))
        request, place, feed = json.loads(body[:length]), length, {}
        for given in request["inputs"]:
            size = given.get("parameters", {}).get("binary_data_size")
            if size is None:
                values = np.array(given["data"], TYPES[given["datatype"]])
            else:
                values = np.frombuffer(body[place : place + size], TYPES[given["datatype"]])
                place += size
            feed[given["name"]] = values.reshape(given["shape"])
        rows = next(iter(feed.values()))
        if "small" in self.traits and (len(rows) > 100 or len(body) > 50_000):
            return refused(413, "too much")
        if "strict" in self.traits and not np.isfinite(rows).all():
            return refused(422, "not finite")
        if "picky" in self.traits and (rows[:, 0] > 1).any():
            return refused(422, "over 1")
        outputs = [node.name for node in self.session.get_outputs()]
        answers = dict(zip(outputs, self.session.run(None, feed), strict=True))
        if "wrong" in self.traits:
            name = outputs[-1]
            answers[name] = np.where(rows[:, :1] > 0, answers[name][:, ::-1], answers[name])
        return self.written(answers, as_bytes=request.get("parameters", {}).get("binary_data_output", False))

    def written(self, answers, *, as_bytes):
        types = {node.name: NAMES[node.type] for node in self.session.get_outputs()}
        told, tail = [], []
        if "poor" in self.traits:
            del answers[next(iter(answers))]
        for name, array in answers.items():
            entry = {"name": name, "shape": list(array.shape), "datatype": types[name]}
            if as_bytes:
                entry["parameters"] = {"binary_data_size": array.nbytes - ("broken" in self.traits)}
                tail.append(array.tobytes())
            else:
                flat = array.ravel().tolist()
                entry["data"] = [None if value != value else value for value in flat]
            told.append(entry)
        text = json.dumps({"model_name": "iris", "outputs": told}).encode()
        headers = [(LENGTH, b"%d" % len(text))] if tail else []
        return 200, headers, b"".join([text, *tail])


def plain(document):
    return 200, [(b"content-type", b"application/json")], json.dumps(document).encode()


def refused(status, why, *headers):
    return status, list(headers), json.dumps({"error": why}).encode()


def main(path, *traits):
    server = Server(path, traits)
    bound = socket.create_server(("127.0.0.1", 0))
    print(bound.getsockname()[1], flush=True)
    config = uvicorn.Config(server, log_level="error", lifespan="off")
    uvicorn.Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main(*sys.argv[1:])
