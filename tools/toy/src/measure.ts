/** @file `node --conditions=@bitcliff/source src/measure.ts --checkpoint DIR [--items 300] [--seed N]`: a checkpoint's accuracy in jax-js. */
import './web-worker.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError, type Tensor } from '@bitcliff/core';
import { openSafetensorsFile } from '@bitcliff/formats/node';
import { init } from '@jax-js/jax';
import { fromHubConfig, fromTensors } from './checkpoint.ts';
import { trainingStories } from './corpus.ts';
import { hellaSwagAccuracy, lambadaScores } from './scoring.ts';
import { createHellaSwag, createLambada, DEFAULT_ITEMS, DEFAULT_TASK_SEED, openingsOf } from './tasks.ts';
import { loadTokenizer } from './tokenizer.ts';

const { values } = parseArgs({
  options: { checkpoint: { type: 'string' }, items: { type: 'string' }, seed: { type: 'string' } },
});
const folder = values.checkpoint;
if (folder === undefined) {
  throw new InvalidInputError({
    op: 'measure',
    problem: 'option missing',
    expected: '--checkpoint and a folder',
  });
}
const readJson = (name: string): Record<string, number> =>
  JSON.parse(readFileSync(join(folder, name), 'utf8'));
const config = fromHubConfig(readJson('config.json'));
const tokenizer = loadTokenizer({
  tokenizer: readJson('tokenizer.json'),
  config: readJson('tokenizer_config.json'),
});
const source = await openSafetensorsFile(join(folder, 'model.safetensors'));
const tensors = new Map<string, Tensor>();
for (const name of source.names()) tensors.set(name, await source.read(name));
await source.close();

await init('wasm');
const params = fromTensors(tensors, config);
const options = {
  items: Number(values.items ?? DEFAULT_ITEMS),
  seed: Number(values.seed ?? DEFAULT_TASK_SEED),
  seen: openingsOf(trainingStories()),
};
const hellaSwag = await hellaSwagAccuracy(params, config, tokenizer, createHellaSwag(options));
const lambada = await lambadaScores(params, config, tokenizer, createLambada(options));
console.log(`${options.items} rows of each task, seed ${options.seed}`);
console.log(`hellaswag      acc ${(100 * hellaSwag).toFixed(1)} %`);
console.log(
  `lambada_openai acc ${(100 * lambada.accuracy).toFixed(1)} %, perplexity ${lambada.perplexity.toFixed(3)}`,
);
