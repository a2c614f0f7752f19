/** @file One training from its files to its files. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { init } from '@jax-js/jax';
import { writeCheckpoint } from './checkpoint.node.ts';
import { parameterCount } from './decoder.ts';
import { createMeanLoss } from './mean-loss.ts';
import type { ModelConfig } from './model-config.ts';
import { orWriteFailed } from './or-write-failed.node.ts';
import type { Pretraining, PretrainingVariant } from './pretraining-config.ts';
import type { PretrainingEvent, RunOptions, RunResult } from './pretraining-event.ts';
import { readCorpus } from './read-windows.node.ts';
import { learningRateAt } from './schedule.ts';
import { openTokenizer } from './tokenizer.node.ts';
import { createTrainer, type StepReport } from './trainer.ts';
import { readState, writeState } from './training-state.node.ts';
import { targetCount } from './windows.ts';

const METRICS_FILE = 'metrics.jsonl';

/**
 * Train one variant in this thread; it blocks while a step runs, see `pretrainInWorker`. The folder `<out>/<variant>` gets metrics.jsonl (a line for each
 * step and checkpoint), step-<n>/ for each checkpoint, and state.safetensors, from which a later call goes on: it gives the same weights as a run that was
 * never interrupted. A stopped run saves its state first.
 * @throws the reason of `signal` when it stopped the run
 * @throws {DivergedError} when loss or gradients are not finite: what was saved before stays
 * @throws {InvalidInputError} for a corpus that is too small, or a folder that holds another training
 * @throws {BitcliffError} code `WRITE_FAILED` when the file system refuses, such as a full disk
 */
export async function runPretraining(
  pretraining: Pretraining,
  variant: PretrainingVariant,
  { signal, onEvent }: RunOptions = {},
): Promise<RunResult> {
  await init('wasm');
  const folder = join(pretraining.out, variant.name);
  const { training } = variant;
  const tokenizer = await openTokenizer(pretraining.data.tokenizer);
  const model = { ...pretraining.model, vocabularySize: tokenizer.vocabularySize } as ModelConfig;
  const corpus = await readCorpus(pretraining.data, tokenizer, model.sequenceLength);
  const identity = { ...model, ...training, corpus: corpus.fingerprint };
  const from = await readState(folder, identity);
  await orWriteFailed(folder, () => mkdir(folder, { recursive: true }));
  await cutMetrics(join(folder, METRICS_FILE), from?.progress.step ?? 0);

  let lastGood = from === undefined ? undefined : `The state of step ${from.progress.step}`;
  const trainer = createTrainer(model, training, corpus.training, from, () => lastGood);
  const heldOut = createMeanLoss(model, training, corpus.heldOut, training.batchSize);
  const emit = async (event: PretrainingEvent): Promise<void> => {
    if (event.kind !== 'begin') {
      const path = join(folder, METRICS_FILE);
      await orWriteFailed(path, () => appendFile(path, `${JSON.stringify(event)}\n`));
    }
    onEvent?.(event);
  };
  const checkpoint = async (report: StepReport | undefined): Promise<void> => {
    const { step, tokens } = trainer.progress;
    const heldOutLoss = await heldOut.measure(trainer.params());
    const path = join(folder, `step-${String(step).padStart(String(training.steps).length, '0')}`);
    const record = {
      variant: variant.name,
      step,
      tokens,
      learningRate: report?.learningRate ?? learningRateAt(0, training),
      trainingLoss: report?.loss ?? null,
      heldOutLoss,
      parameters: parameterCount(model),
      weightDecay: training.weightDecay,
      training,
      corpus: {
        documents: corpus.documents,
        windows: corpus.training.count,
        fingerprint: corpus.fingerprint,
      },
    };
    const params = trainer.params();
    await writeCheckpoint(path, model, params, tokenizer, record);
    for (const array of Object.values(params)) array.dispose();
    lastGood = path;
    await emit({ kind: 'checkpoint', variant: variant.name, step, heldOutLoss, path });
  };
  const save = async (): Promise<void> => {
    await writeState(folder, identity, trainer.progress, await trainer.saveState());
    lastGood = `The state of step ${trainer.progress.step}`;
  };

  try {
    await emit({
      kind: 'begin',
      variant: variant.name,
      folder,
      step: trainer.progress.step,
      steps: training.steps,
      parameters: parameterCount(model),
      windows: corpus.training.count,
      tokensPerPass: targetCount(corpus.training),
    });
    if (from === undefined && pretraining.checkpoints.includes(0)) await checkpoint(undefined);
    let clock: { time: number; tokens: number; step: number } | undefined;
    while (trainer.progress.step < training.steps) {
      const report = await trainer.step();
      const time = performance.now() / 1000;
      const { step, tokens } = report;
      const passed = clock === undefined ? 0 : time - clock.time;
      const tokensPerSecond = passed === 0 ? 0 : (tokens - clock!.tokens) / passed;
      const secondsLeft = passed === 0 ? null : (passed / (step - clock!.step)) * (training.steps - step);
      clock ??= { time, tokens, step }; // the first step compiles
      await emit({ kind: 'step', variant: variant.name, ...report, tokensPerSecond, secondsLeft });
      const last = step === training.steps;
      if (last || pretraining.checkpoints.includes(step)) await checkpoint(report);
      await setImmediate(); // lets a request to stop in
      const stop = signal?.aborted === true;
      if (last || stop || step % pretraining.saveStateEvery === 0) await save();
      if (stop && !last) throw signal!.reason;
    }
    return { folder, ...trainer.progress };
  } finally {
    trainer.dispose();
    heldOut.dispose();
  }
}

/** Metrics of steps that the run will make again go. */
async function cutMetrics(path: string, step: number): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const kept = text.split('\n').filter((line) => {
    const match = /"step":(\d+)/.exec(line);
    return line.endsWith('}') && match !== null && Number(match[1]) <= step;
  });
  await writeFile(path, kept.map((line) => `${line}\n`).join(''));
}
