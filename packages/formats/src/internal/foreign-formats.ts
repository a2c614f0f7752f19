/** @file Files that are often taken for tensor files, so that the refusal can say what they are and what to do. */

/** A kind of file that this package does not open as tensors. */
export interface ForeignFormat {
  /** With an article, for "received …". */
  readonly what: string;
  readonly hint?: string;
}

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

const FOREIGN: readonly (ForeignFormat & { readonly magic: readonly number[] })[] = [
  {
    what: 'a Git LFS pointer',
    magic: ascii('version https://git-lfs'),
    hint: 'The file itself was not downloaded: run git lfs pull, or download it from its web page',
  },
  { what: 'a web page', magic: ascii('<!doctype'), hint: 'The server sent a page in place of the file' },
  { what: 'a web page', magic: ascii('<html'), hint: 'The server sent a page in place of the file' },
  { what: 'an HDF5 file', magic: [0x89, ...ascii('HDF\r\n')], hint: 'Convert it to safetensors' },
  { what: 'a gzip file', magic: [0x1f, 0x8b], hint: 'Decompress it first' },
  { what: 'a zstd file', magic: [0x28, 0xb5, 0x2f, 0xfd], hint: 'Decompress it first' },
  { what: 'an xz file', magic: [0xfd, ...ascii('7zXZ')], hint: 'Decompress it first' },
  { what: 'a legacy ggml file', magic: ascii('tjgg'), hint: 'Convert the original model to GGUF again' },
  { what: 'a legacy ggml file', magic: ascii('lmgg'), hint: 'Convert the original model to GGUF again' },
  {
    what: 'JSON',
    magic: ascii('{'),
    hint: 'Open the folder of a sharded checkpoint, or name its index in full: model.safetensors.index.json',
  },
];

/** The kind of file that starts with these bytes, when it is a known one. Letters match in either case. */
export function findForeignFormat(head: Uint8Array): ForeignFormat | undefined {
  const lower = (byte: number | undefined): number | undefined =>
    byte !== undefined && byte >= 65 && byte <= 90 ? byte + 32 : byte;
  return FOREIGN.find(({ magic }) => magic.every((byte, i) => lower(head[i]) === lower(byte)));
}
