import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensorsFile } from '@bitcliff/formats/node';
import { tree } from '@jax-js/jax';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Pretraining, PretrainingEvent } from '../src/index.ts';
import { pretrainInWorker, readCheckpoint, runPretraining } from '../src/node.ts';
import { toyRun, wordTokenizer } from './toy-run.ts';

vi.mock('node:fs/promises', async (load) => ({ ...(await load<typeof fs>()) }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-pretrain-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const train = (pretraining: Pretraining, options: Parameters<typeof runPretraining>[2] = {}) =>
  runPretraining(pretraining, pretraining.variants[0]!, options);
const bytes = (...path: string[]): string => readFileSync(join(folder, ...path)).toString('hex');
const metrics = (...path: string[]): PretrainingEvent[] =>
  readFileSync(join(folder, ...path), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a run', () => {
  test('leaves metrics, checkpoints with their sidecar, and a state', async () => {
    const events: PretrainingEvent[] = [];
    const result = await train(toyRun(folder), { onEvent: (event) => events.push(event) });
    expect(result).toMatchObject({ folder: join(folder, 'runs', 'run'), step: 12, updates: 12 });
    expect(readdirSync(result.folder).toSorted()).toEqual([
      'metrics.jsonl',
      'state.safetensors',
      'step-00',
      'step-05',
      'step-12',
    ]);
    expect(metrics('runs', 'run', 'metrics.jsonl')).toEqual(JSON.parse(JSON.stringify(events.slice(1))));
    expect(events[0]).toMatchObject({ kind: 'begin', step: 0, steps: 12 });
    const steps = events.filter((event) => event.kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(steps[11]!.loss).toBeLessThan(steps[0]!.loss);
    const sidecar = JSON.parse(readFileSync(join(result.folder, 'step-05', 'training.json'), 'utf8'));
    expect(sidecar).toMatchObject({
      variant: 'run',
      step: 5,
      tokens: steps[4]!.tokens,
      learningRate: steps[4]!.learningRate,
      trainingLoss: steps[4]!.loss,
      training: { weightDecay: 0.1, precision: 'bf16', seed: 1 },
      corpus: { documents: 300 },
    });
    const heldOut = events.flatMap((event) => (event.kind === 'checkpoint' ? [event.heldOutLoss] : []));
    expect(heldOut[2]).toBeLessThan(heldOut[0]!);
    expect(sidecar.heldOutLoss).toBe(heldOut[1]);
    const config = JSON.parse(readFileSync(join(result.folder, 'step-05', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ model_type: 'gpt2', vocab_size: 13, bos_token_id: 0, eos_token_id: 1 });
  });

  test.each([
    ['bf16', 'BF16'],
    ['fp16', 'F16'],
    ['f32', 'F32'],
  ] as const)(
    'in %s stores %s, and the stored weights are those of the training',
    async (precision, dtype) => {
      const plan = toyRun(folder);
      const variant = { name: 'run', training: { ...plan.variants[0]!.training, precision, steps: 3 } };
      const { folder: run } = await runPretraining({ ...plan, checkpoints: [] }, variant);
      const source = await openSafetensorsFile(join(run, 'step-3', 'model.safetensors'));
      expect(new Set(source.names().map((name) => source.info(name).dtype))).toEqual(new Set([dtype]));
      await source.close();
      const state = await openSafetensorsFile(join(run, 'state.safetensors'));
      const { params } = await readCheckpoint(join(run, 'step-3'));
      for (const [name, array] of Object.entries(params)) {
        const master = (await state.read(`params.${name}`)).data as Float32Array;
        const stored = array.dataSync();
        const tooFar = [...master].filter((value, i) => Math.abs(stored[i]! - value) > Math.abs(value) / 256);
        expect(tooFar, name).toEqual([]);
      }
      await state.close();
    },
  );

  test('trains a Llama too', async () => {
    const model = {
      architecture: 'llama',
      hiddenSize: 16,
      layers: 1,
      heads: 4,
      keyValueHeads: 2,
      sequenceLength: 16,
    } as const;
    const result = await train(toyRun(folder, { model }));
    const read = await readCheckpoint(join(result.folder, 'step-12'));
    expect(read.model).toEqual({
      ...model,
      vocabularySize: 13,
      intermediateSize: 64,
      normEpsilon: 1e-5,
      ropeTheta: 10000,
    });
    tree.dispose(read.params);
  });
});

describe('an interrupted run', () => {
  test('goes on to the bytes of an unbroken one: stopped, stopped at a checkpoint, and finished', async () => {
    const whole = toyRun(join(folder, 'whole'));
    await train(whole);
    const broken = toyRun(join(folder, 'broken'));
    for (const stopAt of [2, 5, 6]) {
      const stop = new AbortController();
      const options = {
        signal: stop.signal,
        onEvent: (event: PretrainingEvent) => {
          if (event.kind === 'step' && event.step === stopAt) stop.abort(new Error('enough'));
        },
      };
      await expect(train(broken, options)).rejects.toThrow('enough');
    }
    await train(broken);
    await train(broken); // nothing left to do
    for (const file of ['step-00', 'step-05', 'step-12'].map((step) => join(step, 'model.safetensors')))
      expect(bytes('broken', 'runs', 'run', file)).toBe(bytes('whole', 'runs', 'run', file));
    const losses = (name: string): unknown =>
      metrics(name, 'runs', 'run', 'metrics.jsonl').flatMap((e) =>
        e.kind === 'step' ? [[e.step, e.loss]] : [],
      );
    expect(losses('broken')).toEqual(losses('whole'));
  });

  test('goes on after a kill', async () => {
    const whole = toyRun(join(folder, 'whole'));
    await train(whole);
    const broken = toyRun(join(folder, 'broken'));
    const script = `
      import { runPretraining } from ${JSON.stringify(new URL('../src/node.ts', import.meta.url).href)};
      const plan = JSON.parse(process.argv[1]);
      const onEvent = (event) => event.kind === 'step' && console.log(event.step);
      await runPretraining(plan, plan.variants[0], { onEvent });`;
    const args = [
      '--conditions=@bitcliff/source',
      '--input-type=module',
      '-e',
      script,
      JSON.stringify(broken),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (text) => String(text).includes('7\n') && child.kill('SIGKILL'));
    const signal = await new Promise((resolve) => child.on('exit', (_, by) => resolve(by)));
    expect(signal).toBe('SIGKILL');
    expect(existsSync(join(folder, 'broken', 'runs', 'run', 'step-12'))).toBe(false);
    const begin: number[] = [];
    await train(broken, { onEvent: (event) => void (event.kind === 'begin' && begin.push(event.step)) });
    expect(begin).toEqual([4]); // the last multiple of saveStateEvery
    const path = ['runs', 'run', 'step-12', 'model.safetensors'];
    expect(bytes('broken', ...path)).toBe(bytes('whole', ...path));
  });

  test('refuses to go on as another training', async () => {
    await train(toyRun(folder));
    const changed = toyRun(folder, {
      training: { steps: 12, batchSize: 4, learningRate: 0.02, warmupSteps: 2 },
    });
    await expect(train(changed)).rejects.toThrow(
      'pretrain: the folder holds the state of another training, expected initDeviation 0.1; learningRate 0.01, received initDeviation 0.02; learningRate 0.02',
    );
  });
});

describe('bad input', () => {
  test('a corpus that is too small', async () => {
    const plan = toyRun(folder);
    writeFileSync(join(folder, 'corpus.txt'), 'one two\ntwo three\nthree four');
    await expect(train({ ...plan, data: { ...plan.data, heldOut: 0.4 } })).rejects.toThrow(
      'pretrain: corpus too small',
    );
    writeFileSync(join(folder, 'corpus.txt'), '\n');
    await expect(train(plan)).rejects.toThrow('pretrain: no text for training');
    await expect(train({ ...plan, data: { ...plan.data, files: ['/no/such/file'] } })).rejects.toThrow(
      'missing text file',
    );
    writeFileSync(join(folder, 'corpus.txt'), Uint8Array.of(0xff, 0xfe));
    await expect(train(plan)).rejects.toThrow('the text is not UTF-8');
  });

  test('a tokenizer that is not the one of the state', async () => {
    const plan = toyRun(folder);
    await train(plan);
    writeFileSync(join(folder, 'tokenizer', 'tokenizer.json'), JSON.stringify(wordTokenizer(['one', 'two'])));
    await expect(train(plan)).rejects.toThrow(
      /another training, expected .*vocabularySize 13.*received .*vocabularySize 5/,
    );
    writeFileSync(join(folder, 'tokenizer', 'tokenizer.json'), '{}');
    await expect(train(plan)).rejects.toThrow('the tokenizer cannot be built');
    rmSync(join(folder, 'tokenizer'), { recursive: true });
    await expect(train(plan)).rejects.toThrow('missing tokenizer file');
  });

  test('a divergence keeps what was saved before', async () => {
    const plan = toyRun(folder, { checkpoints: [1] });
    const training = {
      ...plan.variants[0]!.training,
      learningRate: 1e30,
      clipNorm: null,
      precision: 'f32' as const,
    };
    const error = await runPretraining(plan, { name: 'wild', training }).catch((e) => e);
    expect(error.code).toBe('DIVERGED');
    expect(error.message).toContain(join('wild', 'step-01'));
    const { params } = await readCheckpoint(join(folder, 'runs', 'wild', 'step-01'));
    for (const array of Object.values(params)) expect(array.dataSync().every(Number.isFinite)).toBe(true);
  });

  test('a full disk leaves nothing unfinished, and the run goes on when there is room', async () => {
    const plan = toyRun(folder);
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    vi.spyOn(fs, 'rename').mockRejectedValue(full);
    const error = await train(plan).catch((e) => e);
    expect(error).toMatchObject({ code: 'WRITE_FAILED', problem: 'the disk is full' });
    expect(readdirSync(join(folder, 'runs', 'run')).filter((name) => name !== 'metrics.jsonl')).toEqual([]);
    vi.restoreAllMocks();
    await expect(train(plan)).resolves.toMatchObject({ step: 12 });
  });

  test('a folder that cannot be made', async () => {
    const plan = toyRun(folder);
    writeFileSync(join(folder, 'runs'), 'a file');
    await expect(train(plan)).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      path: join(folder, 'runs', 'run'),
    });
  });

  test('a state that is none', async () => {
    const plan = toyRun(folder);
    mkdirSync(join(folder, 'runs', 'run'), { recursive: true });
    writeFileSync(join(folder, 'runs', 'run', 'state.safetensors'), 'nothing');
    await expect(train(plan)).rejects.toMatchObject({ code: 'FORMAT' });
  });
});

describe('pretrainInWorker', () => {
  test('gives the bytes of runPretraining on all cores, and this thread stays free', async () => {
    const here = toyRun(join(folder, 'here'));
    await train(here);
    const there = toyRun(join(folder, 'there'));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const events: PretrainingEvent[] = [];
    const result = await pretrainInWorker(there, there.variants[0]!, {
      onEvent: (event) => events.push(event),
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(20);
    expect(result.step).toBe(12);
    expect(events.filter(({ kind }) => kind === 'step')).toHaveLength(12);
    const path = ['runs', 'run', 'step-12', 'model.safetensors'];
    expect(bytes('there', ...path)).toBe(bytes('here', ...path));
  });

  test('stops when told, with its state saved, and passes errors on', async () => {
    const plan = toyRun(folder);
    const stop = new AbortController();
    const onEvent = (event: PretrainingEvent): void => {
      if (event.kind === 'step' && event.step === 1) stop.abort(new Error('enough'));
    };
    await expect(pretrainInWorker(plan, plan.variants[0]!, { signal: stop.signal, onEvent })).rejects.toThrow(
      'enough',
    );
    expect(existsSync(join(folder, 'runs', 'run', 'state.safetensors'))).toBe(true);
    const bad = { ...plan, data: { ...plan.data, tokenizer: join(folder, 'none') } };
    const error = await pretrainInWorker(bad, plan.variants[0]!).catch((e) => e);
    expect(error).toMatchObject({ code: 'NOT_FOUND', problem: 'missing tokenizer file' });
  });
});
