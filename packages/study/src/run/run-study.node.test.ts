import { cp, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluateTasks, resolveTasks } from '@bitcliff/evals';
import { loadTaskRows } from '@bitcliff/evals/node';
import { resolveRecipes } from '@bitcliff/quantize';
import { createEngine } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contents, demoCheckpoint, run, TOY, writeConfig, writeToyData } from '../../test/toy-study.ts';
import type { RecordKind } from '../records.ts';
import { openStudy } from '../store/study-records.node.ts';
import { cancelStudy, studyStatus } from '../store/study-status.node.ts';
import { StudyCancelledError, type StudyEvent } from './run-study.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-study-'));
  await writeToyData(join(folder, 'data'));
});
afterEach(() => rm(folder, { recursive: true }));

const jobsOf = (events: readonly StudyEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'done' || event.kind === 'failed' ? [event.job] : []));

describe('runStudy', () => {
  it('scores as the engine does by itself, and compares', async () => {
    const { store, failures } = await run(await writeConfig(folder));
    expect(failures).toEqual([]);
    const study = openStudy(store);
    const checkpoint = await openCheckpoint(demoCheckpoint('control'));
    const engine = await createEngine(checkpoint, { ort, recipes: resolveRecipes(['w4']), threads: 1 });
    try {
      const tasks = resolveTasks(['copa', 'lambada_openai']);
      const rows = await Promise.all(tasks.map((task) => loadTaskRows(task, join(folder, 'data'))));
      for (const [v, variant] of engine.variants.entries()) {
        const expected = await evaluateTasks({
          tokenizer: await checkpoint.tokenizer(),
          maxLength: checkpoint.spec.maxPositions,
          loglikelihood: async (requests) => (await engine.score(requests))[v]!.scores,
          tasks: tasks.map((task, t) => ({ task, rows: rows[t]!.rows })),
        });
        for (const { samples: _, ...result } of expected) {
          const found = study
            .records('task')
            .find((record) => record.variant === variant && record.task === result.task);
          expect(found).toMatchObject({ ...result, checkpoint: 'control' });
          expect(found!.divergence === null).toBe(variant === 'baseline');
          expect(study.manifest(found!.run!)).toMatchObject({
            kind: 'task',
            variant,
            subject: { task: result.task, settings: { profile: 'lmeval' }, engine: { providers: ['cpu'] } },
            environment: { node: process.version, workers: 1 },
          });
        }
      }
      expect(study.records('comparison').map(({ variant, tasks: of }) => [variant, of.length])).toEqual([
        ['w4', 2],
        ['gptq-w3g32', 2],
      ]);
      expect(study.records('loss').map(({ variant, text, step }) => [variant, text, step])).toEqual([
        ['baseline', 'text', 1600],
        ['w4', 'text', 1600],
        ['gptq-w3g32', 'text', 1600],
      ]);
      expect(study.progress).toEqual({ done: 11, total: 11 });
    } finally {
      await engine.dispose();
      await checkpoint.close();
      study.close();
    }
    expect((await readdir(folder)).filter((name) => name.includes('work'))).toEqual([]);
  });

  it('keeps records of every analysis', async () => {
    const analyses = [
      'loss',
      'weights',
      'activations',
      'activationError',
      'sensitivity',
      'blockImportance',
      'noise',
      'fits',
    ] as const;
    const checkpoints = ['control-step-0200', 'control-step-0400', 'control'].map(demoCheckpoint);
    const config = await writeConfig(folder, {
      checkpoints,
      recipes: ['w8a8', 'rtn-w3g32'],
      tasks: [],
      analyses,
      sensitivity: { by: 'role', recipes: ['rtn-w3g32'] },
    });
    const { store, failures } = await run(config);
    expect(failures).toEqual([]);
    const study = openStudy(store);
    const count = (kind: RecordKind): number => study.records(kind).length;
    try {
      const [layers, roles] = [3, 4];
      expect(
        study.records('checkpoint').map(({ checkpoint, metadata }) => [checkpoint, metadata.step]),
      ).toEqual([
        ['control-step-0200', 200],
        ['control-step-0400', 400],
        ['control', 1600],
      ]);
      expect(count('variant')).toBe(9);
      expect(count('loss')).toBe(9);
      expect(count('weight')).toBe(9 * layers * roles);
      expect(count('gain')).toBe(3 * layers * 2);
      expect(count('activation')).toBe(9 * layers * roles);
      expect(count('outlier')).toBe(9 * 2);
      expect(count('activationError')).toBe(6 * 2 * layers * roles);
      expect(count('sensitivity')).toBe(3 * roles);
      expect(count('blockImportance')).toBe(3 * layers);
      expect(count('noise')).toBe(6 * 3);
      expect(study.records('fit').map(({ law, text, points }) => [law, text, points.length])).toEqual([
        ['ouyang', 'text', 6],
        ['kumar', 'text', 6],
      ]);
      expect(study.records('sensitivity')[0]).toMatchObject({
        checkpoint: 'control-step-0200',
        recipe: 'rtn-w3g32',
      });
    } finally {
      study.close();
    }
  });

  it('does nothing twice: only what a change touches is done', async () => {
    const first = await run(await writeConfig(folder));
    const before = await contents(first.store);
    expect((await run(await writeConfig(folder))).events).toEqual([
      { kind: 'planned', jobs: 0, done: 11, total: 11 },
    ]);
    // names and labels are not part of results
    const renamed = await run(
      await writeConfig(folder, {
        checkpoints: [{ path: demoCheckpoint('control'), name: 'other', metadata: { step: 7 } }],
        texts: [{ ...TOY.texts![0]!, name: 'other text' }],
      }),
    );
    expect(jobsOf(renamed.events)).toEqual([]);
    const study = openStudy(renamed.store);
    expect(study.records('loss')[1]).toMatchObject({ checkpoint: 'other', step: 7, text: 'other text' });
    study.close();

    const more = await run(await writeConfig(folder, { recipes: [...TOY.recipes!, 'w8a8'] }));
    expect(jobsOf(more.events)).toEqual([
      'copa of control',
      'lambada_openai of control',
      'comparison of w8a8 of control',
      'loss of control on text',
    ]);
    expect(more.total).toBe(15);
    await run(await writeConfig(folder));
    expect(await contents(first.store)).toEqual(before);
  });

  it('makes a variant of each calibration set', async () => {
    const calibration = [
      TOY.calibration![0]!,
      { name: 'own', source: 'self-generated', samples: 2, length: 32 },
    ];
    const { store } = await run(await writeConfig(folder, { calibration, tasks: [] }));
    const study = openStudy(store);
    expect(study.records('variant').map(({ variant, calibration: set }) => [variant, set])).toEqual([
      ['baseline', null],
      ['w4', null],
      ['gptq-w3g32 @text', 'text'],
      ['gptq-w3g32 @own', 'own'],
    ]);
    const [, , a, b] = study.records('loss');
    expect(a!.nll).not.toBe(b!.nll);
    study.close();
  });

  it('names a job that fails, does the others, and tries it again', async () => {
    const bad = join(folder, 'bad');
    await cp(demoCheckpoint('control'), bad, { recursive: true });
    const file = await open(join(bad, 'model.safetensors'), 'r+');
    const { size } = await file.stat();
    await file.write(new Uint8Array(4000).fill(0xff), 0, 4000, size - 300_000); // NaN in BF16
    await file.close();
    const config = await writeConfig(folder, { checkpoints: [bad, ...TOY.checkpoints], recipes: ['w4'] });
    const { failures, done, total, store } = await run(config);
    expect([done, total]).toEqual([7, 14]);
    expect(failures.map(({ job }) => job)).toEqual([
      'copa of bad',
      'lambada_openai of bad',
      'comparison of w4 of bad',
      'loss of bad on text',
    ]);
    expect(failures[0]!.error).toMatch(/NaN|not finite|no number/);
    expect(failures[2]!.error).toBe('needs "copa of bad", which failed');
    expect(studyStatus(store)).toMatchObject({ jobs: { failed: 4, waiting: 0, running: 0 } });
    await rm(bad, { recursive: true });
    await cp(demoCheckpoint('control'), bad, { recursive: true });
    expect(await run(config)).toMatchObject({ failures: [], done: 7, total: 7 }); // now both are one checkpoint
  });

  it('goes on where it was stopped, and is stopped by cancelStudy', async () => {
    const whole = await run(await writeConfig(folder));
    const expected = await contents(whole.store);
    await rm(whole.store);
    const stop = new AbortController();
    const onProgress = ({ phase }: { phase: string }): void => {
      if (phase === 'lambada_openai of control') stop.abort(new Error('enough'));
    };
    const config = await writeConfig(folder);
    await expect(run(config, { signal: stop.signal, onProgress })).rejects.toThrow('enough');
    const { progress, jobs } = studyStatus(whole.store);
    expect(progress.done).toBeGreaterThan(0);
    expect(progress.done).toBeLessThan(progress.total);
    expect(jobs.running).toBe(0);
    // hold the process until the request has been there for longer than the time between two looks
    const onEvent = (event: StudyEvent): void => {
      if (event.kind !== 'planned') return;
      cancelStudy(whole.store);
      const end = performance.now() + 2500;
      while (performance.now() < end);
    };
    await expect(run(config, { onEvent })).rejects.toThrow(StudyCancelledError);
    await run(config);
    expect(await contents(whole.store)).toEqual(expected);
  });

  it('refuses a plan that cannot be', async () => {
    const plan = async (changes: object): Promise<unknown> => run(await writeConfig(folder, changes));
    await expect(plan({ calibration: [] })).rejects.toThrow('recipe "gptq-w3g32" needs calibration');
    await expect(plan({ checkpoints: ['none'] })).rejects.toThrow('no such folder');
    await expect(
      plan({ checkpoints: [demoCheckpoint('control'), demoCheckpoint('control')] }),
    ).rejects.toThrow('two checkpoints have one name');
    await expect(plan({ tasks: ['no-task'] })).rejects.toThrow('no-task');
    await expect(plan({ checkpoints: [{ pretraining: 'data' }] })).rejects.toThrow(
      'no checkpoints of a pretraining',
    );
    await writeFile(join(folder, 'data', 'copa.jsonl'), '{"premise":1}\n');
    await expect(plan({})).rejects.toThrow('copa.jsonl');
    expect((await stat(join(folder, 'toy.study.sqlite'))).isFile()).toBe(true);
  });

  it('takes all checkpoints of a pretraining, by variant and step', async () => {
    for (const [name, from] of [
      ['a/step-1600', 'control'],
      ['a/step-400', 'control-step-0400'],
      ['b/step-1600', 'wd0.001-noclip'],
    ] as const)
      await cp(demoCheckpoint(from), join(folder, 'runs', name), { recursive: true });
    const config = await writeConfig(folder, {
      checkpoints: [{ pretraining: 'runs' }],
      tasks: [],
      recipes: [],
    });
    const { store } = await run(config);
    const study = openStudy(store);
    expect(study.records('loss').map(({ checkpoint, step }) => [checkpoint, step])).toEqual([
      ['a/step-400', 400],
      ['a/step-1600', 1600],
      ['b/step-1600', 1600],
    ]);
    study.close();
  });
});
