/** @file The safetensors reader, after the "Format" section of github.com/huggingface/safetensors README.md. */
import { FormatError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { requireLittleEndian } from './internal/little-endian.ts';
import { parseJsonObject } from './internal/parse-json-object.ts';
import { checkSafetensorsHeader } from './internal/safetensors-header.ts';
import { storedTensors } from './internal/stored-tensors.ts';
import { SAFETENSORS_HEADER_LIMIT, SAFETENSORS_LENGTH_BYTES } from './safetensors-limits.ts';
import type { TensorSource } from './tensor-source.ts';

const op = 'openSafetensors';

/**
 * Open a safetensors file: read and check its header, and nothing else.
 * @param source the file's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @returns the file's tensors, read when asked for
 * @throws {FormatError} when the bytes are not a valid safetensors file; the message names the file, the tensor and both values
 * @throws {UnsupportedError} when a tensor has a dtype that core does not know
 * @see https://github.com/huggingface/safetensors#format
 * @example
 * const tensors = await openSafetensors(memorySource(bytes));
 * const weight = await tensors.readFloat32('lm_head.weight');
 */
export async function openSafetensors(source: ByteSource): Promise<TensorSource> {
  requireLittleEndian(op);
  const path = source.name;
  if (source.byteLength < SAFETENSORS_LENGTH_BYTES) {
    const problem = 'file is too short for a header length';
    const expected = `at least ${SAFETENSORS_LENGTH_BYTES} bytes`;
    throw new FormatError({ op, problem, expected, received: source.byteLength, path });
  }
  const prefix = await source.read(0, SAFETENSORS_LENGTH_BYTES);
  const stated = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength).getBigUint64(0, true);
  if (stated > BigInt(SAFETENSORS_HEADER_LIMIT)) {
    const expected = `at most ${SAFETENSORS_HEADER_LIMIT} bytes`;
    throw new FormatError({
      op,
      problem: 'header length over the limit',
      expected,
      received: `${stated}`,
      path,
    });
  }
  const headerLength = Number(stated);
  const dataStart = SAFETENSORS_LENGTH_BYTES + headerLength;
  if (dataStart > source.byteLength) {
    const problem = 'header is longer than the file';
    const expected = `at most ${source.byteLength - SAFETENSORS_LENGTH_BYTES} bytes`;
    throw new FormatError({ op, problem, expected, received: headerLength, path });
  }
  const text = await source.read(SAFETENSORS_LENGTH_BYTES, headerLength);
  const json = parseJsonObject(text, { op, what: 'header', path });
  const header = checkSafetensorsHeader(json, dataStart, source.byteLength - dataStart, path);
  return storedTensors(source, header.tensors, header.metadata);
}
