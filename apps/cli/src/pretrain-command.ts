import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInputError, NotFoundError, UnknownNameError } from '@bitcliff/core';
import type {
  Pretraining,
  PretrainingConfig,
  PretrainingEvent,
  PretrainingVariant,
} from '@bitcliff/pretrain';
import type { Command } from 'commander';
import { createProgressLine } from './progress-line.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

interface PretrainOptions {
  readonly variants?: string;
  readonly json?: boolean;
}

/** What a variant came to. */
interface VariantSummary {
  readonly variant: string;
  readonly folder: string;
  readonly steps: number;
  readonly tokens: number;
  /** Nats per target; null when an earlier call had done all steps. */
  readonly trainingLoss: number | null;
  readonly heldOutLoss: number | null;
  readonly skippedSteps: number;
}

/** `bitcliff pretrain`: train small models from random weights. */
export function addPretrainCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal; version: string },
): void {
  program
    .command('pretrain')
    .description('Train a small model from random weights, or a grid of variants of one.')
    .argument(
      '<config>',
      'file whose default export is a configuration (.ts, .js, .mjs), or that is one (.json)',
    )
    .option('--variants <names>', 'only these variants, with commas between')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      `
Paths in the configuration are relative to its folder. Every variant gets a folder in "out" with metrics.jsonl, a
Hugging Face folder for each checkpoint, and the state from which the same command goes on when it was stopped.

Example:
  $ cat pretrain.json
  {
    "out": "runs",
    "data": { "files": ["corpus.txt"], "separator": "\\n\\n\\n", "tokenizer": "tokenizer" },
    "model": { "architecture": "gpt2", "hiddenSize": 128, "layers": 3, "heads": 4, "sequenceLength": 96 },
    "training": { "steps": 2000, "batchSize": 16, "learningRate": 0.002, "warmupSteps": 100 },
    "variants": { "control": {}, "no-decay": { "weightDecay": 0.001 } },
    "checkpoints": [500, 1000]
  }
  $ bitcliff pretrain pretrain.json`,
    )
    .action(async (path: string, options: PretrainOptions) => {
      const pretraining = await readPretraining(path);
      const variants = chooseVariants(pretraining, options.variants);
      const summaries: VariantSummary[] = [];
      for (const variant of variants) summaries.push(await train(pretraining, variant, context));
      context.terminal.stdout.write(
        options.json
          ? `${JSON.stringify({ bitcliff: context.version, variants: summaries }, null, 2)}\n`
          : renderSummaries(summaries),
      );
    });
}

async function train(
  pretraining: Pretraining,
  variant: PretrainingVariant,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): Promise<VariantSummary> {
  const { pretrainInWorker } = await import('@bitcliff/pretrain/node'); // loads jax-js
  const progress = createProgressLine(terminal.stderr);
  let first = 0;
  let [trainingLoss, heldOutLoss]: [number | null, number | null] = [null, null];
  let skippedSteps = 0;
  const onEvent = (event: PretrainingEvent): void => {
    if (event.kind === 'begin') first = event.step;
    if (event.kind === 'checkpoint') heldOutLoss = event.heldOutLoss;
    if (event.kind !== 'step') return;
    trainingLoss = event.loss;
    if (event.skipped) skippedSteps++;
    const rate = event.learningRate.toExponential(1);
    progress.update({
      phase: `train ${variant.name}`,
      done: event.step - first,
      total: variant.training.steps - first,
      unit: 'steps',
      detail: `loss ${event.loss.toFixed(4)}, learning rate ${rate}, ${event.tokensPerSecond.toFixed(0)} tokens/s`,
    });
  };
  try {
    const { folder, step, tokens } = await pretrainInWorker(pretraining, variant, { signal, onEvent });
    return { variant: variant.name, folder, steps: step, tokens, trainingLoss, heldOutLoss, skippedSteps };
  } catch (error) {
    progress.end();
    if (signal.aborted && error === signal.reason)
      terminal.stderr.write(`${variant.name}: the same command goes on from here\n`);
    throw error;
  } finally {
    progress.end();
  }
}

/** The configuration of a file, its paths made absolute. */
async function readPretraining(path: string): Promise<Pretraining> {
  const { definePretraining } = await import('@bitcliff/pretrain');
  const value = await readDefault(resolve(path));
  // what definePretraining returned has its variants in a list
  const isChecked = Array.isArray((value as { variants?: unknown }).variants);
  const pretraining = isChecked ? (value as Pretraining) : definePretraining(value as PretrainingConfig);
  const absolute = (relative: string): string => resolve(dirname(path), relative);
  const { files, heldOut, tokenizer } = pretraining.data;
  return {
    ...pretraining,
    out: absolute(pretraining.out),
    data: {
      ...pretraining.data,
      files: files.map(absolute),
      heldOut: typeof heldOut === 'number' ? heldOut : heldOut.map(absolute),
      tokenizer: absolute(tokenizer),
    },
  };
}

async function readDefault(path: string): Promise<object> {
  let value: unknown;
  try {
    value =
      extname(path) === '.json'
        ? JSON.parse(await readFile(path, 'utf8'))
        : ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || (code === 'ERR_MODULE_NOT_FOUND' && String(cause).includes(path)))
      throw new NotFoundError({ op: 'pretrain', problem: 'no such configuration', path, cause });
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new InvalidInputError({
      op: 'pretrain',
      problem: 'the configuration cannot be read',
      received: cause.message,
      path,
      cause,
    });
  }
  if (typeof value === 'object' && value !== null) return value;
  throw new InvalidInputError({
    op: 'pretrain',
    problem: 'no configuration',
    expected: 'a default export of definePretraining, or a JSON object',
    received: typeof value,
    path,
  });
}

function chooseVariants({ variants }: Pretraining, names: string | undefined): readonly PretrainingVariant[] {
  if (names === undefined) return variants;
  return names.split(',').map((text) => {
    const name = text.trim();
    const found = variants.find((variant) => variant.name === name);
    if (found !== undefined) return found;
    throw new UnknownNameError({ op: 'pretrain', kind: 'variant', name, known: variants.map((v) => v.name) });
  });
}

function renderSummaries(summaries: readonly VariantSummary[]): string {
  const nats = (loss: number | null): string => (loss === null ? '–' : loss.toFixed(4));
  const rows = summaries.map((s) => [
    s.variant,
    String(s.steps),
    String(s.tokens),
    nats(s.trainingLoss),
    nats(s.heldOutLoss),
    String(s.skippedSteps),
  ]);
  const table = textTable(['variant', 'steps', 'tokens', 'training loss', 'held-out loss', 'skipped'], rows);
  const folders = summaries.map(({ variant, folder }) => `${variant}: ${folder}\n`).join('');
  return `${table}\nLosses in nats per token.\n${folders}`;
}
