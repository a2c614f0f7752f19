"""Makes gguf_py.gguf with the reference writer in Python: every metadata type, four tensor types.

    pip install gguf==0.19.0 && python3 make_gguf_py.py
"""
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFValueType, GGUFWriter, quants

writer = GGUFWriter(Path(__file__).parent / 'gguf_py.gguf', 'llama')
writer.add_uint8('t.u8', 200)
writer.add_int8('t.i8', -100)
writer.add_uint16('t.u16', 60000)
writer.add_int16('t.i16', -30000)
writer.add_uint32('t.u32', 4000000000)
writer.add_int32('t.i32', -2000000000)
writer.add_float32('t.f32', 1.5)
writer.add_uint64('t.u64', 2**63 + 1)
writer.add_int64('t.i64', -(2**62))
writer.add_float64('t.f64', 0.1)
writer.add_bool('t.bool', True)
writer.add_string('t.string', 'naïve ▁token')
writer.add_array('t.strings', ['a', '', '▁b', '😀'])
writer.add_array('t.ints', [1, -2, 3])
writer.add_array('t.floats', [0.5, -1.25])
writer.add_array('t.bools', [True, False])
w = (0.1 + 2 * np.cos(np.arange(128, dtype=np.float32))).astype(np.float32).reshape(2, 64)
writer.add_tensor('w.f32', w)
writer.add_tensor('w.f16', w.astype(np.float16))
for kind in (GGMLQuantizationType.Q8_0, GGMLQuantizationType.Q4_0, GGMLQuantizationType.BF16):
    writer.add_tensor(f'w.{kind.name.lower()}', quants.quantize(w, kind), raw_dtype=kind)
writer.add_tensor('deep', np.arange(24, dtype=np.int32).reshape(2, 3, 4))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
