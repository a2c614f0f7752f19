/** @file PyTorch checkpoints for tests, laid out as torch.save does it: stored entries, data aligned to 64 bytes. */
import { encodeZip } from '../src/zip/encode-zip.ts';
import { type Ops, pickle } from './pickle-bytes.ts';

/** A checkpoint from its pickled value and the bytes of its storages by key. */
export function torchFile(
  value: Ops | Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  options: { prefix?: string; byteOrder?: string | null; more?: Readonly<Record<string, Uint8Array>> } = {},
): Uint8Array {
  const { prefix = 'archive', byteOrder = 'little', more = {} } = options;
  const files = new Map<string, Uint8Array>();
  files.set(`${prefix}/data.pkl`, value instanceof Uint8Array ? value : pickle(value));
  if (byteOrder !== null) files.set(`${prefix}/byteorder`, new TextEncoder().encode(byteOrder));
  for (const [key, bytes] of Object.entries(storages)) files.set(`${prefix}/data/${key}`, bytes);
  files.set(`${prefix}/version`, new TextEncoder().encode('3\n'));
  for (const [name, bytes] of Object.entries(more)) files.set(name, bytes);
  return encodeZip(files, { zip64: 'always' });
}

/** The bytes of numbers as float32. */
export function f32(...values: number[]): Uint8Array {
  return new Uint8Array(new Float32Array(values).buffer);
}
