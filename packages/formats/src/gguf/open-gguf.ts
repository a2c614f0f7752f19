/** @file The GGUF reader, after ggml/docs/gguf.md: versions 2 and 3, little-endian. */
import { FormatError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import { requireLittleEndian } from '../internal/little-endian.ts';
import { describe } from '../internal/quote.ts';
import type { TensorSource } from '../tensor-source.ts';
import { GGUF_ALIGNMENT, GGUF_ALIGNMENT_LIMIT } from './gguf-limits.ts';
import type { GgufValue } from './gguf-value.ts';
import { checkTensors } from './internal/check-tensors.ts';
import { ggufTensors } from './internal/gguf-tensors.ts';
import { HeaderReader } from './internal/header-reader.ts';
import { readHeader } from './internal/read-header.ts';

const op = 'openGguf';

/** An open GGUF file. Shapes are row-major: a file's `ne = [in, out]` is the shape `[out, in]`. */
export interface GgufFile extends TensorSource {
  readonly version: 2 | 3;
  /** All metadata with its types, in the file's order. `metadata` holds those of them that are strings. */
  readonly fields: ReadonlyMap<string, GgufValue>;
  /** `general.architecture`: "llama", "gpt2", …; undefined when the file does not say. */
  readonly architecture: string | undefined;
  /** Alignment of tensor data, in bytes. */
  readonly alignment: number;
}

/**
 * Open a GGUF file: read and check its header, and nothing else. The header is read in windows that double in size.
 * @param source the file's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @returns metadata, and the file's tensors, read when asked for; `readFloat32` dequantizes block types
 * @throws {FormatError} when the bytes are not a valid GGUF file or a count is over its limit; the message names the file and the place
 * @throws {UnsupportedError} on other versions, big-endian files, and tensor types that this package does not read
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * @example
 * const file = await openGguf(memorySource(bytes));
 * const weight = await file.readFloat32('output.weight');
 */
export async function openGguf(source: ByteSource): Promise<GgufFile> {
  requireLittleEndian(op);
  const path = source.name;
  const reader = new HeaderReader(source);
  const { version, fields, tensors } = await readHeader(reader);
  const alignment = alignmentOf(fields, path);
  const architecture = architectureOf(fields, path);
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const checked = checkTensors(tensors, { alignment, dataStart, fileLength: source.byteLength, path });
  return { ...ggufTensors(source, checked, stringsOf(fields)), version, fields, architecture, alignment };
}

function alignmentOf(fields: ReadonlyMap<string, GgufValue>, path: string): number {
  const field = fields.get('general.alignment');
  if (field === undefined) return GGUF_ALIGNMENT;
  const { type, value } = field;
  // the spec asks for a multiple of 8, ggml for a power of two: every file that both read has both
  if (type === 'u32' && value >= 8 && value <= GGUF_ALIGNMENT_LIMIT && (value & (value - 1)) === 0)
    return value;
  throw new FormatError({
    op,
    problem: 'bad alignment',
    expected: `a u32, a power of two from 8 to ${GGUF_ALIGNMENT_LIMIT}`,
    received: type === 'u32' ? value : type,
    where: 'key "general.alignment"',
    path,
  });
}

function architectureOf(fields: ReadonlyMap<string, GgufValue>, path: string): string | undefined {
  const field = fields.get('general.architecture');
  if (field === undefined || field.type === 'string') return field?.value;
  const where = 'key "general.architecture"';
  const received = describe(field.type);
  throw new FormatError({ op, problem: 'bad architecture', expected: 'a string', received, where, path });
}

function stringsOf(fields: ReadonlyMap<string, GgufValue>): Readonly<Record<string, string>> {
  const strings: [string, string][] = [];
  for (const [key, field] of fields) if (field.type === 'string') strings.push([key, field.value]);
  return Object.freeze(Object.fromEntries(strings));
}
