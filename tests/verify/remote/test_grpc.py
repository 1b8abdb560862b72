"""Answers over gRPC in either of the two forms that the protocol has."""

import numpy as np
import pytest

from mlpack.runtime.coerce.oip import bytes_of_array
from mlpack.runtime.rpc import open_inference_pb2 as pb
from mlpack.verify.remote.grpc import _CONTENTS, outputs_of


def arrays():
    text = np.empty(2, object)
    text[:] = ["é", ""]
    kinds = {"BOOL": "?", "INT8": "i1", "UINT16": "u2", "INT64": "i8", "UINT64": "u8", "FP32": "f4", "FP64": "f8"}
    return {"BYTES": text, **{datatype: np.array([[0, 1], [1, 0]], kind) for datatype, kind in kinds.items()}}


@pytest.mark.parametrize("raw", [True, False])
def test_both_forms_are_read(raw):
    response = pb.ModelInferResponse()
    for datatype, array in arrays().items():
        tensor = response.outputs.add(name=datatype, datatype=datatype, shape=array.shape)
        values = array.ravel().tolist()
        if raw:
            response.raw_output_contents.append(bytes_of_array(array))
        else:
            plain = [value.encode() for value in values] if datatype == "BYTES" else values
            getattr(tensor.contents, _CONTENTS[datatype]).extend(plain)
    found = outputs_of(pb.ModelInferResponse.FromString(response.SerializeToString()))
    for datatype, array in arrays().items():
        assert found[datatype].dtype == array.dtype
        assert found[datatype].tolist() == array.tolist()


def test_a_form_that_is_half_of_each_is_none():
    response = pb.ModelInferResponse(raw_output_contents=[b"\0\0\0\0"])
    response.outputs.add(name="a", datatype="FP32", shape=[1])
    response.outputs.add(name="b", datatype="FP32", shape=[1])
    with pytest.raises(ValueError, match="2 outputs, and raw contents for 1"):
        outputs_of(response)
