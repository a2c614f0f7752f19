"""NPZ files of NumPy itself: python3 make-npz.py. Made with NumPy 2.4.6."""

import os

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
arrays = {
    "matrix": np.arange(12, dtype="f4").reshape(3, 4) / 2,
    "scalar": np.array(-7, dtype="i8"),
    "empty": np.zeros((0, 3), dtype="f2"),
    "mask": np.array([True, False, True]),
    "layer/kernel:0": np.array([1, 2, 65535], dtype="u2"),
    "zeros": np.zeros(600, dtype="f8"),
}
np.savez(os.path.join(here, "stored.npz"), **arrays)
np.savez_compressed(os.path.join(here, "compressed.npz"), **arrays)
