"""Makes the golden blocks in this folder with ggml itself, through the shared library of a release build.

    npm pack @node-llama-cpp/linux-x64@3.22.1 && tar xzf node-llama-cpp-linux-x64-3.22.1.tgz
    python3 make_golden.py package/bins/linux-x64/libggml-base.so
"""
import ctypes
import sys
from pathlib import Path

import numpy as np

ENCODE = {'Q4_0': 18, 'Q4_1': 20, 'Q5_0': 22, 'Q5_1': 24, 'Q8_0': 34, 'Q4_K': 144, 'Q5_K': 176, 'Q6_K': 210}
DECODE = ENCODE | {'Q2_K': 84, 'Q3_K': 110, 'IQ4_NL': 18, 'MXFP4': 17}
# byte offsets of the F16 scales of a block, to keep random blocks finite
HALVES = {'Q4_0': [0], 'Q4_1': [0, 2], 'Q5_0': [0], 'Q5_1': [0, 2], 'Q8_0': [0], 'Q4_K': [0, 2], 'Q5_K': [0, 2],
          'Q6_K': [208], 'Q2_K': [80, 82], 'Q3_K': [108], 'IQ4_NL': [0], 'MXFP4': []}
DECODED_ELEMENTS = 1024

lib = ctypes.CDLL(sys.argv[1])
lib.ggml_version.restype = lib.ggml_commit.restype = ctypes.c_char_p
print(f'ggml {lib.ggml_version().decode()}, commit {lib.ggml_commit().decode()}, numpy {np.__version__}')
here = Path(__file__).parent


def block_size(name):
    return 256 if name.endswith('_K') else 32


def c_name(name):
    return name.lower().replace('_k', '_K')


def values():
    rng = np.random.default_rng(20261122)
    i = np.arange(512, dtype=np.float64)
    rows = [
        (0.1 + 2 * np.cos(i)).astype(np.float32),  # tests/test-quantize-fns.cpp
        rng.standard_normal(1024).astype(np.float32) * np.float32(0.02),  # like weights
        rng.standard_t(2, 1024).astype(np.float32),  # heavy tails
        rng.uniform(0.5, 1.5, 256).astype(np.float32),  # all positive
        rng.uniform(-1.5, -0.5, 256).astype(np.float32),  # all negative
        np.zeros(256, np.float32),
        np.full(256, 0.75, np.float32),
        np.full(256, -3.0, np.float32),
        rng.integers(-8, 8, 512).astype(np.float32) / 8,  # ties
        (rng.standard_normal(512) * 10.0 ** rng.integers(-9, 5, 512)).astype(np.float32),  # scales from subnormal F16 to large
        np.repeat(rng.standard_normal(32), 16).astype(np.float32),  # constant sub-blocks
        np.where(rng.uniform(size=512) < 0.05, rng.standard_normal(512) * 50, 0).astype(np.float32),  # mostly zero
        (-1000 + rng.standard_normal(256) * 0.01).astype(np.float32),  # far from zero
        (rng.standard_normal(256) * 1e-7).astype(np.float32),  # scales round to zero in F16
    ]
    return np.concatenate(rows)


x = np.ascontiguousarray(values())
assert x.size % 256 == 0
np.save(here / 'values.npy', x)
for name, size in ENCODE.items():
    out = np.zeros(x.size // block_size(name) * size, np.uint8)
    getattr(lib, f'quantize_row_{c_name(name)}_ref')(
        x.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(x.size))
    np.save(here / f'{name}_encoded.npy', out)

cosine = (0.1 + 2 * np.cos(np.arange(4096, dtype=np.float64))).astype(np.float32)
for name, size in DECODE.items():
    if name in ENCODE:
        continue
    out = np.zeros(cosine.size // block_size(name) * size, np.uint8)
    getattr(lib, f'quantize_row_{c_name(name)}_ref')(
        cosine.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(cosine.size))
    np.save(here / f'{name}_cosine.npy', out)

rng = np.random.default_rng(7)
for name, size in DECODE.items():
    blocks = rng.integers(0, 256, (DECODED_ELEMENTS // block_size(name), size)).astype(np.uint8)
    for at in HALVES[name]:
        halves = (rng.standard_normal(len(blocks)) * 10.0 ** rng.integers(-6, 3, len(blocks))).astype(np.float16)
        blocks[:, at:at + 2] = halves.view(np.uint8).reshape(-1, 2)
    if name == 'MXFP4':
        blocks[:, 0] = np.resize(np.array([0, 1, 2, 100, 127, 128, 130, 254], np.uint8), len(blocks))
    out = np.zeros(DECODED_ELEMENTS, np.float32)
    getattr(lib, f'dequantize_row_{c_name(name)}')(
        blocks.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(out.size))
    np.save(here / f'{name}_blocks.npy', blocks.reshape(-1))
    np.save(here / f'{name}_decoded.npy', out)
