import { join } from 'node:path';
import { writeResults } from '@bitcliff/evals/node';
import { fingerprint } from '@bitcliff/study/node';
import type { EvalRecord } from './evaluate-checkpoint.ts';

/** Store an evaluation: a folder per variant below `folder`, each with `results.json` and the samples of every task. */
export async function storeResults(folder: string, record: EvalRecord): Promise<void> {
  const model = { id: record.checkpoint.path, ...(await fingerprint(record.checkpoint.path)) };
  const { harness, profile, settings, engine, seconds, tokensPerSecond } = record;
  for (const { variant, tasks } of record.results) {
    const stored = {
      format: 'bitcliff-eval',
      formatVersion: 1,
      harness,
      profile,
      variant,
      recipe: record.recipes.find(({ name }) => name === variant) ?? null,
      model,
      settings,
      engine,
      seconds,
      tokensPerSecond,
      tasks: tasks.map(({ samples: _, ...result }, t) => {
        const { task: __, ...data } = record.data[t]!;
        return { ...result, data };
      }),
    } as const;
    await writeResults(join(folder, variant), stored, tasks);
  }
}
