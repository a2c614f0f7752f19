/** @file Any tensor file, told by its first bytes. The name of a file plays no part. */
import { FormatError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { openGguf } from './gguf/open-gguf.ts';
import { findForeignFormat } from './internal/foreign-formats.ts';
import { NPY_MAGIC } from './internal/npy-dtypes.ts';
import { quote } from './internal/quote.ts';
import { openNpz } from './npz/open-npz.ts';
import { type OpenOnnxOptions, openOnnx } from './onnx/open-onnx.ts';
import { openNpy } from './open-npy.ts';
import { openSafetensors } from './open-safetensors.ts';
import { SAFETENSORS_HEADER_LIMIT, SAFETENSORS_LENGTH_BYTES } from './safetensors-limits.ts';
import type { TensorSource } from './tensor-source.ts';
import { openTorch } from './torch/open-torch.ts';
import { openZip } from './zip/open-zip.ts';

/**
 * A kind of file, as far as its first bytes tell: a zip file is a PyTorch checkpoint or an NPZ file; `pickle` is a PyTorch
 * checkpoint from before 1.6 or any other pickle.
 */
export type TensorFileFormat = 'safetensors' | 'gguf' | 'zip' | 'pickle' | 'npy' | 'onnx';

/** First bytes that {@link detectFormat} looks at. */
export const DETECT_BYTES = 64;

const KNOWN = 'a safetensors, GGUF, PyTorch, NPZ, NPY or ONNX file';

const MAGIC: readonly (readonly [TensorFileFormat, readonly number[]])[] = [
  ['gguf', [0x47, 0x47, 0x55, 0x46]], // "GGUF": ggml/docs/gguf.md
  ['npy', NPY_MAGIC],
  ['zip', [0x50, 0x4b, 0x03, 0x04]], // "PK": APPNOTE.TXT 4.3.7, a local header
  ['zip', [0x50, 0x4b, 0x05, 0x06]], // 4.3.16, the end record of an empty archive
];

/**
 * What kind of tensor file starts with these bytes.
 * @param head the first bytes of the file, {@link DETECT_BYTES} or all of a shorter file
 * @param name what error messages call the file @default 'file'
 * @throws {FormatError} when it is none; the message lists the known formats and says what the file looks like
 * @example
 * detectFormat(new TextEncoder().encode('GGUF\x03\0\0\0')); // 'gguf'
 */
export function detectFormat(head: Uint8Array, name = 'file'): TensorFileFormat {
  for (const [format, magic] of MAGIC) {
    if (magic.every((byte, i) => head[i] === byte)) return format;
  }
  // protocols 2 to 5 of Python's pickle; older ones have no mark
  if (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5) return 'pickle';
  if (isSafetensors(head)) return 'safetensors';
  if (isOnnx(head)) return 'onnx';
  const foreign = findForeignFormat(head);
  const shown = [...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const received = foreign?.what ?? (head.length === 0 ? 'an empty file' : `bytes ${shown}`);
  throw new FormatError({
    op: 'detectFormat',
    problem: 'not a tensor file',
    expected: KNOWN,
    received,
    path: name,
    ...(foreign?.hint === undefined ? {} : { hint: foreign.hint }),
  });
}

/**
 * Open a tensor file of any kind: the format is told by its content.
 * @param source the file's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @param options.external opens the files beside an ONNX model that hold its large tensors
 * @returns the file's tensors, read when asked for; an NPY file has one, called "tensor"
 * @throws {FormatError} when it is no tensor file, or not a valid one
 * @throws {UnsupportedError} when it is one that the format's reader does not read, such as an ONNX model with external data without `options.external`
 * @example
 * const tensors = await openTensorSource(blobSource(file)); // a file that was dropped on a page
 */
export async function openTensorSource(
  source: ByteSource,
  options: OpenOnnxOptions = {},
): Promise<TensorSource> {
  const head = await source.read(0, Math.min(source.byteLength, DETECT_BYTES));
  const format = detectFormat(head, source.name);
  if (format === 'safetensors') return openSafetensors(source);
  if (format === 'gguf') return openGguf(source);
  if (format === 'npy') return openNpy(source);
  if (format === 'onnx') return openOnnx(source, options);
  if (format === 'pickle') return openTorch(source); // which names the kind of pickle in its refusal
  return openArchive(source);
}

/** A PyTorch checkpoint has `<name>/data.pkl`, an NPZ file has nothing but `.npy`. */
async function openArchive(source: ByteSource): Promise<TensorSource> {
  const { entries } = await openZip(source, { op: 'openTensorSource', zeroCrcIsNone: true });
  const names = [...entries.keys()];
  if (names.some((name) => /^[^/]+\/data\.pkl$/.test(name))) return openTorch(source);
  if (names.every((name) => name.endsWith('.npy'))) return openNpz(source);
  throw new FormatError({
    op: 'openTensorSource',
    problem: 'a zip file without tensors',
    expected: 'a PyTorch checkpoint with <name>/data.pkl, or an NPZ file of .npy entries',
    received: `${names.length} entries: ${names.slice(0, 4).map(quote).join(', ')}${names.length > 4 ? ', …' : ''}`,
    path: source.name,
  });
}

/** A header length that may be one, then the header's object; spaces before it are not allowed. */
function isSafetensors(head: Uint8Array): boolean {
  if (head.length <= SAFETENSORS_LENGTH_BYTES || head[SAFETENSORS_LENGTH_BYTES] !== 0x7b) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(SAFETENSORS_HEADER_LIMIT);
}

/**
 * First bytes of the fields that follow `ir_version` in a ModelProto, as tag bytes: field 2, 3, 4 and 6 (strings), 5 (a varint), 7 (the
 * graph), 8 (operator sets), 14 (metadata).
 */
const ONNX_TAGS = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]; // onnx/onnx.proto, ModelProto

/** Field 1, `ir_version`, as a small varint, then another field of a ModelProto. There is no mark, so this is asked last. */
function isOnnx(head: Uint8Array): boolean {
  return head[0] === 0x08 && head[1]! >= 1 && head[1]! <= 20 && ONNX_TAGS.includes(head[2]!);
}
