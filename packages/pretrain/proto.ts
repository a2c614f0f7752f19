import './src/web-worker.node.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { init, numpy as np, tree } from '@jax-js/jax';
import { initParams, parameterCount } from './src/decoder.ts';
import { initState } from './src/adamw.ts';
import { createTrainStep } from './src/train-step.ts';
import { packWindows, toBatch, createOrder, targetCount } from './src/windows.ts';
import { learningRateAt } from './src/schedule.ts';
import { createTexts } from '../../tools/toy/src/corpus.ts';
import { trainTokenizer, loadTokenizer, EOS_ID, encode } from '../../tools/toy/src/tokenizer.ts';
const { values: o } = parseArgs({ options: { p: { type: 'string', default: 'bf16' }, L: { type: 'string', default: '3' }, B: { type: 'string', default: '16' }, T: { type: 'string', default: '96' }, F: { type: 'string', default: '512' }, D: { type: 'string', default: '128' }, N: { type: 'string', default: '4' }, V: { type: 'string', default: '1024' }, lr: { type: 'string', default: '0.002' }, steps: { type: 'string', default: '300' }, std: { type: 'string', default: '0.05' }, arch: { type: 'string', default: 'gpt2' }, out: { type: 'string' } } });
const n = (k: string) => Number((o as any)[k]);
await init('wasm');
let t0 = performance.now();
const texts = createTexts(1, 60000, false);
const files = trainTokenizer(texts.slice(0, 10000), n('V'), n('T'));
const tok = loadTokenizer(files);
console.log('tokenizer', performance.now() - t0); t0 = performance.now();
const docs = texts.map((t) => [...encode(tok, t), EOS_ID]);
console.log('encode', performance.now() - t0, docs.reduce((a, d) => a + d.length, 0) / docs.length, Math.max(...docs.map((d) => d.length)));
const windows = packWindows(docs, n('T'));
console.log(windows.count, 'windows fill', targetCount(windows) / windows.count / windows.length);
const config = { architecture: o.arch as 'gpt2', keyValueHeads: n('N'), ropeTheta: 10000, vocabularySize: Object.keys((files.tokenizer as any).model.vocab).length, hiddenSize: n('D'), layers: n('L'), heads: n('N'), intermediateSize: n('F'), sequenceLength: n('T'), normEpsilon: 1e-5 };
console.log(parameterCount(config), config.vocabularySize);
const steps = n('steps'), sched = { steps, warmupSteps: 100, learningRate: n('lr'), finalFraction: 0.05 };
const opt = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };
const step = createTrainStep(config, opt, { precision: o.p as any, normPrecision: 'f32', dropout: 0 });
let state = initState(initParams(config, n('std'), 7));
const order = createOrder(windows.count, n('B'), 7);
let sum = 0, k = 0, last = performance.now(); const start = last;
for (let i = 0; i < steps; i++) {
  const rates = np.array(Float32Array.of(learningRateAt(i, sched), 1 - 0.9 ** (i + 1), 1 - 0.98 ** (i + 1)));
  const r = step(state, toBatch(windows, order(i)), rates, np.array(1), np.array(Uint32Array.of(7, i)));
  state = r.state; sum += (await r.loss.data())[0]!; k++; r.gradientNorm.dispose();
  if (k === 50) { const now = performance.now(); console.log(i + 1, (sum / k).toFixed(4), (k * n('B') * n('T') * 1000 / (now - last)).toFixed(0), 'tok/s', ((now - start) / 1000).toFixed(0), 's'); sum = k = 0; last = now; }
}
if (o.out) {
  const dump: any = { config, files, params: {} };
  for (const [name, p] of Object.entries(state.params)) dump.params[name] = { shape: p.shape, data: [...(await p.ref.data())].map((x: number) => +x.toPrecision(6)) };
  writeFileSync(o.out, JSON.stringify(dump));
}
process.exit(0);
