"""Models written by the onnx package: typed data of every dtype, the same as raw data, and the same as external data.

Usage: python make_golden.py (in this folder; versions in README.md)
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper

VALUES = {
    "FLOAT": [0.0, -1.5, 3.25, 1e-40, float("inf"), 16777216.0],
    "DOUBLE": [0.1, -2.5, 1e300, 5e-324, 0.0, 7.0],
    "FLOAT16": [0.0, -1.5, 65504.0, 6e-8, 0.1, 2.0],
    "BFLOAT16": [0.0, -1.5, 3e38, 1e-38, 0.1, 2.0],
    "FLOAT8E4M3FN": [0.0, -1.5, 448.0, 0.002, 0.1, 2.0],
    "FLOAT8E5M2": [0.0, -1.5, 57344.0, 0.00002, 0.1, 2.0],
    "INT8": [0, -1, -128, 127, 5, 6],
    "UINT8": [0, 1, 128, 255, 5, 6],
    "INT16": [0, -1, -32768, 32767, 300, 6],
    "UINT16": [0, 1, 32768, 65535, 300, 6],
    "INT32": [0, -1, -(2**31), 2**31 - 1, 300, 6],
    "UINT32": [0, 1, 2**31, 2**32 - 1, 300, 6],
    "INT64": [0, -1, -(2**63), 2**63 - 1, 300, 6],
    "UINT64": [0, 1, 2**63, 2**64 - 1, 300, 6],
    "BOOL": [False, True, True, False, True, False],
}


def model(initializers):
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])
    node = helper.make_node("Identity", ["FLOAT"], ["y"])
    graph = helper.make_graph([node], "g", [], [out], initializers)
    result = helper.make_model(
        graph, producer_name="golden", producer_version="1.0", ir_version=10, opset_imports=[helper.make_opsetid("", 21)]
    )
    helper.set_model_props(result, {"names": "{0: 'a'}"})
    return result


typed = [helper.make_tensor(name, getattr(TensorProto, name), [2, 3], values) for name, values in VALUES.items()]
arrays = {t.name: onnx.numpy_helper.to_array(t) for t in typed}
raw = [
    helper.make_tensor(t.name, t.data_type, [2, 3], arrays[t.name].tobytes(), raw=True) for t in typed
]
onnx.save(model(typed), "typed.onnx")
onnx.save(model(raw), "raw.onnx")
onnx.save(
    model(raw), "external.onnx", save_as_external_data=True, location="external.onnx_data", size_threshold=0
)
with open("expected.json", "w") as file:
    json.dump({name: np.ascontiguousarray(a).tobytes().hex() for name, a in arrays.items()}, file, indent=1)
    file.write("\n")
for name in ["typed", "raw", "external"]:
    onnx.checker.check_model(f"{name}.onnx")
