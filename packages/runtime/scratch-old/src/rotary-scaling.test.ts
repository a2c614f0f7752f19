import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goldenFolder, maxDifference, readGolden, readGoldenArray } from '../test/helpers/golden.ts';
import { createEngine } from './engine/engine.ts';
import { openCheckpoint } from './open-checkpoint.node.ts';
import { referenceForward } from './reference/reference-forward.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-'));
  await cp(goldenFolder('llama'), folder, { recursive: true });
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

async function changeConfig(change: object): Promise<void> {
  const path = join(folder, 'config.json');
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...change }));
}

const { input_ids: ids, id } = readGolden('llama').sequences[1]!;
const golden = readGoldenArray('llama', `${id}_logits`);

/** Logits of one sequence by the oracle and by the engine. */
async function bothLogits(): Promise<{ oracle: Float64Array; engine: Float32Array }> {
  const checkpoint = await openCheckpoint(folder);
  const { logits: oracle } = await referenceForward(checkpoint, ids);
  const running = await createEngine(checkpoint, { ort });
  const engine = (await running.logits(ids))[0]!.logits;
  await running.dispose();
  await checkpoint.close();
  return { oracle, engine };
}

describe('scaled rotary positions in a model', () => {
  it('yarn: engine and oracle agree, and it matters', async () => {
    await changeConfig({
      rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 16 },
    });
    const { oracle, engine } = await bothLogits();
    expect(maxDifference(oracle, golden)).toBeGreaterThan(1e-2);
    const worst = maxDifference(engine, oracle);
    expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-4);
  });

  it('dynamic: the unscaled model up to max_position_embeddings, another one beyond', async () => {
    await changeConfig({ rope_scaling: { rope_type: 'dynamic', factor: 4 } });
    const { oracle, engine } = await bothLogits();
    expect(maxDifference(oracle, golden)).toBeLessThan(1e-6);
    expect(maxDifference(engine, golden)).toBeLessThan(1e-4);

    await changeConfig({ max_position_embeddings: ids.length - 1 });
    const checkpoint = await openCheckpoint(folder);
    const longer = (await referenceForward(checkpoint, ids)).logits;
    expect(maxDifference(longer, golden)).toBeGreaterThan(1e-3);
    // packed rows mix sequences of several lengths, so the engine keeps to the original length
    const running = await createEngine(checkpoint, { ort });
    await expect(running.logits(ids)).rejects.toThrow(
      `longer than the model accepts, expected at most ${ids.length - 1} tokens`,
    );
    await running.dispose();
    await checkpoint.close();
  });
});
