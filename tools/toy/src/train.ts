/**
 * @file `node --conditions=@bitcliff/source src/train.ts --out DIR [--work DIR] [--variants a,b]`: trains the demo checkpoints and copies them to `--out`, one
 * folder a variant, early steps of the control as `control-step-<n>`. A stopped or killed run goes on when called again with the same `--work`.
 */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '@bitcliff/core';
import type { PretrainingEvent } from '@bitcliff/pretrain';
import { pretrainInWorker } from '@bitcliff/pretrain/node';
import { demoPretraining } from './demo-config.ts';
import { prepareCorpus } from './prepare-corpus.ts';

const LOG_EVERY = 50;

const { values } = parseArgs({
  options: { out: { type: 'string' }, work: { type: 'string' }, variants: { type: 'string' } },
});
if (values.out === undefined) {
  throw new InvalidInputError({ op: 'train', problem: 'option missing', expected: '--out and a folder' });
}
const out = values.out;
const work = values.work ?? join(tmpdir(), 'bitcliff-toy');
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('stopped; the same command goes on from here')));

const pretraining = demoPretraining(work);
const chosen = values.variants?.split(',') ?? pretraining.variants.map(({ name }) => name);
if (!existsSync(join(work, 'tokenizer'))) prepareCorpus(work);

const log = (event: PretrainingEvent): void => {
  if (event.kind === 'checkpoint')
    console.log(`step ${event.step}: held-out loss ${event.heldOutLoss.toFixed(4)}`);
  if (event.kind === 'begin')
    console.log(`${event.variant}: ${event.parameters} weights, from step ${event.step}`);
  if (event.kind !== 'step' || event.step % LOG_EVERY !== 0) return;
  const { step, loss, learningRate, tokensPerSecond, secondsLeft } = event;
  const rates = `rate ${learningRate.toExponential(2)}, ${tokensPerSecond.toFixed(0)} tokens/s`;
  console.log(
    `step ${step} loss ${loss.toFixed(4)} ${rates}, ${((secondsLeft ?? 0) / 60).toFixed(1)} min left`,
  );
};

for (const variant of pretraining.variants.filter(({ name }) => chosen.includes(name))) {
  const { folder, step } = await pretrainInWorker(pretraining, variant, {
    signal: stop.signal,
    onEvent: log,
  });
  mkdirSync(out, { recursive: true });
  for (const name of readdirSync(folder).filter((entry) => /^step-\d+$/.test(entry))) {
    const isLast = Number(name.slice('step-'.length)) === step;
    if (!isLast && variant.name !== 'control') continue;
    const target = isLast ? variant.name : `${variant.name}-${name}`;
    cpSync(join(folder, name), join(out, target), { recursive: true });
  }
}
