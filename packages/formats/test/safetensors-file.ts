/** The bytes of a safetensors file from a header, valid or not. */
export function safetensorsFile(header: unknown, dataLength = 0, statedLength?: number | bigint): Uint8Array {
  const text =
    header instanceof Uint8Array
      ? header
      : new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.byteLength + dataLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(statedLength ?? text.byteLength), true);
  file.set(text, 8);
  for (let i = 0; i < dataLength; i++) file[8 + text.byteLength + i] = i & 1;
  return file;
}
