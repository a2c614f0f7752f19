"""Checkpoints pickled by CPython itself, for the interpreter's tests: python3 make-checkpoints.py

PyTorch is not needed: classes of the same module and name stand for its own, and persistent_id answers as torch.save does
(torch/serialization.py, _save). One file per pickle protocol, each once more with deflated entries. Made with CPython 3 and NumPy.
"""

import collections
import io
import os
import pickle
import sys
import types
import zipfile

import numpy as np

torch = types.ModuleType("torch")
utils = types.ModuleType("torch._utils")
storage_module = types.ModuleType("torch.storage")
sys.modules.update({"torch": torch, "torch._utils": utils, "torch.storage": storage_module})


def function(module, name):
    def call(*args):
        raise RuntimeError("only pickled")

    call.__module__, call.__name__, call.__qualname__ = module.__name__, name, name
    setattr(module, name, call)
    return call


rebuild_v2 = function(utils, "_rebuild_tensor_v2")
rebuild_v3 = function(utils, "_rebuild_tensor_v3")
rebuild_parameter = function(utils, "_rebuild_parameter")
NAMES = {"f8": "Double", "f4": "Float", "f2": "Half", "i8": "Long", "i4": "Int", "i2": "Short", "i1": "Char", "u1": "Byte", "b1": "Bool"}
CLASSES = {}
for code, name in [*NAMES.items(), ("bf16", "BFloat16")]:
    CLASSES[code] = type(f"{name}Storage", (), {"__module__": "torch"})
    setattr(torch, f"{name}Storage", CLASSES[code])
storage_module.UntypedStorage = CLASSES["raw"] = type("UntypedStorage", (), {"__module__": "torch.storage"})


class DType:
    """torch.dtype: pickled by its name alone."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return self.name


class Size(tuple):
    """torch.Size: a call with a tuple."""

    def __reduce__(self):
        return (Size, (tuple(self),))


DType.__module__ = Size.__module__ = "torch"
Size.__qualname__ = Size.__name__ = "Size"
torch.Size = Size
for name in ["float16", "uint16", "float8_e4m3fn"]:
    value = DType(name)
    value.__dict__["__module__"] = "torch"
    setattr(torch, name, value)


class Storage:
    def __init__(self, code, data):
        self.code, self.data = code, data


class Tensor:
    def __init__(self, storage, offset, shape, stride, dtype=None):
        self.args = (storage, offset, shape, stride, False, collections.OrderedDict())
        self.dtype = dtype

    def __reduce__(self):
        return (rebuild_v2, self.args) if self.dtype is None else (rebuild_v3, (*self.args, self.dtype))


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return (rebuild_parameter, (self.tensor, True, collections.OrderedDict()))


def of(array):
    strides = tuple(s // array.itemsize for s in array.strides)
    return Tensor(Storage(array.dtype.str[1:], array.tobytes()), 0, array.shape, strides)


floats = np.arange(24, dtype="f4")
shared = Storage("f4", floats.tobytes())
module = collections.OrderedDict()
module["embed.weight"] = Parameter(Tensor(shared, 0, (4, 6), (6, 1)))
module["head.weight"] = module["embed.weight"]  # tied
module["rows"] = Tensor(shared, 6, (2, 6), (6, 1))
module["transposed"] = Tensor(shared, 0, (6, 4), (1, 6))
module["columns"] = Tensor(shared, 2, (4, 2), (6, 1))
module["diagonal"] = Tensor(shared, 0, (4,), (7,))
module["expanded"] = Tensor(shared, 5, (3, 2), (0, 1))
module["scalar"] = Tensor(shared, 23, (), ())
module["empty"] = Tensor(Storage("f4", b""), 0, (0, 3), (3, 1))
module._metadata = collections.OrderedDict({"": {"version": 1}})
for code in NAMES:
    module[f"dtypes.{code}"] = of(np.array([0, 1, 1, 0], dtype=code))
module["dtypes.bf16"] = Tensor(Storage("bf16", np.array([0x3F80, 0xC000], dtype="u2").tobytes()), 0, (2,), (1,))
module["dtypes.u2"] = Tensor(Storage("raw", np.array([1, 65535], dtype="u2").tobytes()), 0, (2,), (1,), torch.uint16)
module["dtypes.float8"] = Tensor(Storage("raw", bytes([0x38, 0xC0])), 0, (2,), (1,), torch.float8_e4m3fn)
checkpoint = {
    "model": module,
    "optimizer": {
        "state": {0: {"step": of(np.array(7, dtype="f4")), "exp_avg": Tensor(shared, 0, (24,), (1,))}},
        "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1], "nesterov": False}],
    },
    "epoch": 3,
    "step": 2**40,
    "big": -(2**70),
    "loss": float("nan"),
    "name": "größe \u4e2d",
    "note": None,
    "dtype": torch.float16,
    "shape": Size((4, 6)),
    "history": [1.5, 2.25, -0.0, float("inf")],
    "mixed": [{"a": 1}, [True, "x\n"], []],
    "stoi": {"a": 0, "b.c": 1},
    "long": "x" * 300,
}


class Pickler(pickle._Pickler):  # the Python one: it takes our objects for torch's names
    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.storages = []

    def persistent_id(self, obj):
        if not isinstance(obj, Storage):
            return None
        if obj not in self.storages:
            self.storages.append(obj)
        size = {"bf16": 2, "raw": 1}.get(obj.code) or np.dtype(obj.code).itemsize
        return ("storage", CLASSES[obj.code], str(self.storages.index(obj)), "cpu", len(obj.data) // size)



for protocol in (2, 3, 4, 5):
    buffer = io.BytesIO()
    pickler = Pickler(buffer, protocol)
    pickler.dump(checkpoint)
    for suffix, method in (("", zipfile.ZIP_STORED), ("-deflated", zipfile.ZIP_DEFLATED)):
        if suffix and protocol != 2:
            continue
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"protocol-{protocol}{suffix}.pt")
        with zipfile.ZipFile(path, "w", method) as z:
            def write(name, data):
                z.writestr(zipfile.ZipInfo(f"checkpoint/{name}"), data, method)

            write("data.pkl", buffer.getvalue())
            write("byteorder", "little")
            for key, storage in enumerate(pickler.storages):
                write(f"data/{key}", storage.data)
            write("version", "3\n")
        print(path, os.path.getsize(path))
