import { readFileSync } from 'node:fs';
import { BitcliffError, bytesPerElement, createRng, type DType, elementCount } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { pickle } from '../../test/pickle-bytes.ts';
import { torchFile } from '../../test/torch-file.ts';
import { memorySource } from '../memory-source.ts';
import { openZip } from '../zip/open-zip.ts';
import { openTorch } from './open-torch.ts';

/** Mutations of a whole file, and of its pickle inside an archive that is right. */
const MUTATIONS = 12_000;

const file = new Uint8Array(readFileSync(new URL('./__fixtures__/protocol-2.pt', import.meta.url)));
const FILE = 'fuzz.pt';

/** Open, and read all tensors; the outcome must be a BitcliffError or tensors of the size they should have. @returns whether it opened */
async function tryFile(bytes: Uint8Array): Promise<boolean> {
  let opened = false;
  try {
    const tensors = await openTorch(memorySource(bytes, FILE));
    opened = true;
    for (const name of tensors.names()) {
      const { dtype, shape, byteLength } = tensors.info(name);
      expect(elementCount(shape) * bytesPerElement(dtype as DType)).toBe(byteLength);
      expect((await tensors.read(name)).data.byteLength).toBe(byteLength);
    }
  } catch (error) {
    if (!BitcliffError.isInstance(error)) throw error;
    expect(error.message).toContain(FILE);
  }
  return opened;
}

/** One to three edits. @param tokens bytes that mean something in the format */
function mutate(good: Uint8Array, tokens: readonly number[], rng: ReturnType<typeof createRng>): Uint8Array {
  let bytes = good.slice();
  for (let edits = 1 + rng.int(3); edits > 0; edits--) {
    const at = rng.int(bytes.length);
    const kind = rng.int(6);
    if (kind === 0) bytes[at]! ^= 1 << rng.int(8);
    else if (kind === 1) bytes[at] = rng.int(256);
    else if (kind === 2) bytes[at] = rng.pick(tokens);
    else if (kind === 3)
      bytes = rng.int(8) === 0 ? bytes.slice(0, Math.max(1, at)) : bytes.fill(255, at, at + 4);
    else if (kind === 4) bytes.copyWithin(at, rng.int(bytes.length), rng.int(bytes.length));
    else bytes = new Uint8Array([...bytes.subarray(0, at), rng.pick(tokens), ...bytes.subarray(at)]);
  }
  return bytes;
}

/** Opcodes of the pickle, and small arguments. */
const OPCODES = [...'().0123FIKLMNPQRSTUVXabcdeghijlopqrstu}]']
  .map((c) => c.charCodeAt(0))
  .concat(
    Array.from({ length: 25 }, (_, i) => 0x80 + i),
    [0, 1, 2, 0xff],
  );

it(`refuses with a BitcliffError or reads right under ${MUTATIONS} mutations of a file`, async () => {
  const rng = createRng(1);
  let opened = 0;
  for (let n = 0; n < MUTATIONS; n++) if (await tryFile(mutate(file, OPCODES, rng))) opened++;
  // a mutation in a storage is found when it is read, and one in a local header too
  expect(opened).toBeGreaterThan(MUTATIONS / 50);
  expect(opened).toBeLessThan(MUTATIONS * 0.9);
});

it(`refuses with a BitcliffError or reads right under ${MUTATIONS} mutations of the pickle in it`, async () => {
  const archive = await openZip(memorySource(file));
  const storages: Record<string, Uint8Array> = {};
  for (const name of archive.entries.keys()) {
    const key = /\/data\/(\d+)$/.exec(name)?.[1];
    if (key !== undefined) storages[key] = await archive.readEntry(name);
  }
  const good = await archive.readEntry('checkpoint/data.pkl');
  expect(await tryFile(torchFile(good, storages))).toBe(true);
  expect(await tryFile(torchFile(pickle([0x4e]), storages))).toBe(true);
  const rng = createRng(2);
  let opened = 0;
  for (let n = 0; n < MUTATIONS; n++)
    if (await tryFile(torchFile(mutate(good, OPCODES, rng), storages))) opened++;
  expect(opened).toBeGreaterThan(MUTATIONS / 50);
  expect(opened).toBeLessThan(MUTATIONS * 0.9);
});
