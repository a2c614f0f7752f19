/**
 * @file The reader of PyTorch zip checkpoints: `<prefix>/data.pkl` holds the structure, `<prefix>/data/<key>` the bytes of each storage.
 * After torch/serialization.py (_save, _load) and caffe2/serialize/inline_container.h.
 */
import { bytesPerElement, FormatError, UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import type { Place } from '../internal/elements.ts';
import { type LazyTensor, lazyTensors } from '../internal/lazy-tensors.ts';
import { requireLittleEndian } from '../internal/little-endian.ts';
import { quote } from '../internal/quote.ts';
import type { TensorSource } from '../tensor-source.ts';
import { openZip, type ZipArchive } from '../zip/open-zip.ts';
import { flattenCheckpoint } from './flatten-checkpoint.ts';
import type { PickleTensor } from './pickle-values.ts';
import { refuseLegacyTorch } from './refuse-legacy-torch.ts';
import { checkView, gather, spanOf } from './tensor-view.ts';
import { TORCH_PICKLE_LIMIT } from './torch-limits.ts';
import { unpickle } from './unpickle.ts';

const op = 'openTorch';

/** Longest `byteorder` entry that can be one, in bytes. */
const BYTE_ORDER_LIMIT = 16;

/**
 * Open a PyTorch checkpoint (`.pt`, `.pth`, `.bin`): read its structure with a restricted pickle interpreter that runs no code, and no tensor.
 * Nested dicts and lists become names joined by dots ("model.layers.0.weight"). Strings and other scalars become `metadata` under such names;
 * a checkpoint that is one tensor has it as "tensor". Tensors that share a storage or are views of it are read as they are in Python.
 * @param source the file's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @returns the file's tensors, read when asked for
 * @throws {FormatError} when the zip file, the pickle or a tensor's place in its storage is not valid, or a limit is passed
 * @throws {UnsupportedError} on a file of PyTorch before 1.6, TorchScript, big-endian data, complex, quantized or sparse tensors, and on
 *   every class or function besides tensors, OrderedDict and scalars, by its name
 * @see https://docs.pytorch.org/docs/stable/notes/serialization.html
 * @example
 * const tensors = await openTorch(blobSource(file));
 * const weight = await tensors.readFloat32('lm_head.weight');
 */
export async function openTorch(source: ByteSource): Promise<TensorSource> {
  requireLittleEndian(op);
  const path = source.name;
  const place = { op, path };
  await refuseLegacyTorch(source, op);
  const archive = await openZip(source, { op, zeroCrcIsNone: true });
  const prefix = findPrefix(archive, place);
  await checkByteOrder(archive, prefix, place);

  const pickle = `${prefix}/data.pkl`;
  const { size } = archive.entries.get(pickle)!;
  if (size > TORCH_PICKLE_LIMIT) {
    const expected = `at most ${TORCH_PICKLE_LIMIT} bytes`;
    throw new FormatError({ ...place, problem: 'pickle is over the limit', expected, received: size });
  }
  const root = unpickle(await archive.readEntry(pickle), place);
  const { tensors, metadata } = flattenCheckpoint(root, place);
  const lazy = new Map<string, LazyTensor>();
  for (const [name, tensor] of tensors) {
    lazy.set(name, lazyView(tensor, archive, prefix, { ...place, where: `tensor ${quote(name)}` }));
  }
  return lazyTensors({ name: path, metadata, tensors: lazy, close: () => source.close() });
}

/** The one folder that everything of the checkpoint is in. */
function findPrefix(archive: ZipArchive, place: Place): string {
  const names = [...archive.entries.keys()];
  const prefixes = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name)).map((name) => name.slice(0, -9));
  const [prefix] = prefixes;
  if (prefix === undefined || prefixes.length > 1) {
    throw new FormatError({
      ...place,
      problem: 'not a PyTorch checkpoint',
      expected: 'one entry <name>/data.pkl',
      received:
        prefix === undefined ? `${names.length} other entries` : prefixes.slice(0, 4).map(quote).join(', '),
    });
  }
  if (archive.entries.has(`${prefix}/constants.pkl`)) {
    throw new UnsupportedError({
      ...place,
      problem: 'TorchScript archive',
      expected: 'a checkpoint of torch.save',
      received: quote(`${prefix}/constants.pkl`),
      hint: 'Save its weights in Python: torch.save(torch.jit.load(path).state_dict(), new_path)',
    });
  }
  return prefix;
}

/** Files before PyTorch 2.1 do not say it, and are little-endian. */
async function checkByteOrder(archive: ZipArchive, prefix: string, place: Place): Promise<void> {
  const name = `${prefix}/byteorder`;
  const entry = archive.entries.get(name);
  if (entry === undefined) return;
  const text =
    entry.size > BYTE_ORDER_LIMIT
      ? `${entry.size} bytes`
      : new TextDecoder().decode(await archive.readEntry(name));
  if (text === 'little') return;
  const fields = { ...place, expected: 'little', received: quote(text) };
  if (text !== 'big') throw new FormatError({ ...fields, problem: 'bad byte order' });
  const hint = 'Save it on a little-endian machine';
  throw new UnsupportedError({ ...fields, problem: 'big-endian data', hint });
}

/** Check a tensor against its storage's entry; its elements, fetched when asked for. */
function lazyView(tensor: PickleTensor, archive: ZipArchive, prefix: string, place: Place): LazyTensor {
  const { dtype, storage } = tensor;
  const name = `${prefix}/data/${storage.key}`;
  const entry = archive.entries.get(name);
  if (entry === undefined) {
    throw new FormatError({
      ...place,
      problem: 'storage is missing',
      expected: `entry ${quote(name)}`,
      received: 'none',
    });
  }
  // a storage may end in bytes that are not a whole element
  const unit = storage.dtype === undefined ? 1 : bytesPerElement(storage.dtype);
  if (Math.floor(entry.size / unit) !== storage.count) {
    throw new FormatError({
      ...place,
      problem: `entry ${quote(name)} does not hold its storage`,
      expected: `${storage.count} elements of ${unit} bytes`,
      received: `${entry.size} bytes`,
    });
  }
  const view = checkView(tensor, place);
  const size = bytesPerElement(dtype);
  return {
    dtype,
    shape: tensor.shape,
    readElements: async (start, end) => {
      const span = spanOf(view, start, end);
      const range = { offset: span.start * size, length: (span.end - span.start) * size };
      const bytes = await archive.readEntry(name, range);
      return view.contiguous ? bytes : gather(view, start, end, span, bytes, size as 1 | 2 | 4 | 8);
    },
  };
}
