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

  describe('longrope', () => {
    const limit = 12;
    const factors = {
      short_factor: Array.from({ length: 8 }, (_, i) => 1 + i / 8),
      long_factor: Array.from({ length: 8 }, (_, i) => 1 + 2 * i),
    };
    const rope_scaling = { rope_type: 'longrope', ...factors };
    beforeEach(() => changeConfig({ rope_scaling, original_max_position_embeddings: limit }));

    /** Logits of the oracle behind the last of some tokens. */
    const after = async (tokens: readonly number[]): Promise<Float64Array> => {
      const checkpoint = await openCheckpoint(folder);
      const { logits } = await referenceForward(checkpoint, tokens);
      await checkpoint.close();
      return logits.slice(-checkpoint.spec.vocabularySize);
    };

    it('engine and oracle agree, and it matters', async () => {
      expect(ids.length).toBeGreaterThan(limit);
      const long = await bothLogits();
      const worst = maxDifference(long.engine, long.oracle);
      expect(worst, `max |diff| ${worst}`).toBeLessThan(1e-4);
      await changeConfig({ original_max_position_embeddings: ids.length, max_position_embeddings: 512 });
      const short = await bothLogits();
      expect(maxDifference(short.oracle, long.oracle)).toBeGreaterThan(1e-2);
      const worstShort = maxDifference(short.engine, short.oracle);
      expect(worstShort, `max |diff| ${worstShort}`).toBeLessThan(1e-4);
    });

    it('a score does not depend on longer and shorter neighbours with the same context', async () => {
      const context = ids.slice(0, limit - 2);
      const requests = [[5], [5, 6, 7, 8, 9], [7, 8, 9], [7, 8, 9, 10]].map((continuation) => ({
        context,
        continuation,
      }));
      const checkpoint = await openCheckpoint(folder);
      const running = await createEngine(checkpoint, { ort });
      const together = (await running.score(requests))[0]!.scores;
      for (const [i, request] of requests.entries()) {
        expect((await running.score([request]))[0]!.scores[0]!.logProb).toBe(together[i]!.logProb);
        const { context: before, continuation } = request;
        const logits = await after([...before, ...continuation.slice(0, -1)]);
        const top = logits.reduce((a, b) => Math.max(a, b));
        const logSum = top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0));
        const last = together[i]!.tokenLogProbs.at(-1)!;
        expect(Math.abs(last - (logits[continuation.at(-1)!]! - logSum))).toBeLessThan(1e-4);
      }
      await running.dispose();
      await checkpoint.close();
    });

    it('generates each token as the tokens before it are scored, beyond the original length too', async () => {
      const prompt = ids.slice(0, limit - 3);
      const checkpoint = await openCheckpoint(folder);
      const running = await createEngine(checkpoint, { ort });
      const { tokens } = await running.generate(prompt, { maxTokens: 7, stopTokens: [] });
      await running.dispose();
      await checkpoint.close();
      for (const [i, token] of tokens.entries()) {
        const logits = await after([...prompt, ...tokens.slice(0, i)]);
        expect(logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))).toBe(token);
      }
    });
  });
});
