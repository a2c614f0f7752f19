/** @file Checkpoints that are not zip files: those of PyTorch before 1.6, tar files of its first versions, pickles of other programs. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';

/** Bytes that tell the formats apart: a tar header is one block of 512 bytes. */
const HEAD_BYTES = 512;

/** 0x1950a86a20f9469cfc6c as a pickled integer: LONG1, ten bytes. torch/serialization.py, MAGIC_NUMBER */
const LEGACY_MAGIC: readonly number[] = [
  0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
];

/** The magic stands after the protocol and, in protocol 4, a frame. */
const MAGIC_REACH = 16;

const HINT = 'Load it in Python and save it again: torch.save(torch.load(path, weights_only=True), new_path)';

/**
 * Refuse a file that is not a zip file, and say what it is.
 * @throws {UnsupportedError} on a legacy checkpoint or a pickle  @throws {FormatError} on anything else that is not a zip file
 */
export async function refuseLegacyTorch(source: ByteSource, op: string): Promise<void> {
  const head = await source.read(0, Math.min(source.byteLength, HEAD_BYTES));
  if (startsWith(head, 0, [0x50, 0x4b])) return;
  const place = { op, path: source.name, expected: 'a zip file, as torch.save writes since PyTorch 1.6' };
  const isPickle = head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
  for (let at = 2; isPickle && at < MAGIC_REACH; at++) {
    if (!startsWith(head, at, LEGACY_MAGIC)) continue;
    const received = 'a series of pickles';
    throw new UnsupportedError({ ...place, problem: 'legacy PyTorch checkpoint', received, hint: HINT });
  }
  if (isPickle) {
    const received = `a pickle of protocol ${head[1]}`;
    throw new UnsupportedError({ ...place, problem: 'plain pickle', received, hint: HINT });
  }
  const ustar = [...'ustar'].map((letter) => letter.charCodeAt(0));
  if (startsWith(head, 257, ustar)) {
    const received = 'a tar file';
    throw new UnsupportedError({ ...place, problem: 'legacy PyTorch checkpoint', received, hint: HINT });
  }
  const received = source.byteLength < 4 ? `${source.byteLength} bytes` : 'other bytes';
  throw new FormatError({ ...place, problem: 'not a PyTorch checkpoint', received });
}

function startsWith(bytes: Uint8Array, at: number, wanted: readonly number[]): boolean {
  return wanted.every((byte, i) => bytes[at + i] === byte);
}
