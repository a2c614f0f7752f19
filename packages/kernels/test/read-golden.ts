import { readFileSync } from 'node:fs';

/** A golden array: NPY 1.0, C order, little endian, as ../../golden describes them. Only for tests; `@bitcliff/formats` reads NPY for users. */
export function readGolden(file: URL): { shape: number[]; values: number[] } {
  const bytes = readFileSync(file);
  const headerLength = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + headerLength);
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((s) => s.trim() !== '')
    .map(Number);
  const descr = /'descr': '([^']*)'/.exec(header)?.[1];
  const data = bytes.buffer.slice(bytes.byteOffset + 10 + headerLength, bytes.byteOffset + bytes.length);
  const arrays = { '<f4': Float32Array, '<f8': Float64Array, '|i1': Int8Array, '<i4': Int32Array };
  const array = arrays[descr as keyof typeof arrays];
  if (array === undefined) throw new Error(`unexpected golden dtype ${descr} in ${file.pathname}`);
  return { shape, values: Array.from(new array(data)) };
}
