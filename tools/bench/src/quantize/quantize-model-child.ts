/**
 * @file `quantize-model-child FOLDER RECIPE WINDOWS LENGTH`: quantize a checkpoint on random tokens into a folder beside it; prints seconds, the peak resident
 * memory in bytes, and what was estimated of it before.
 */
import { join } from 'node:path';
import { type Recipe, randomTokens, resolveRecipes } from '@bitcliff/quantize';
import { quantizeModel, quantizeModelWork } from '@bitcliff/runtime';
import { openCheckpoint, openQuantizedFolder } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';

const [folder, name, windows, tokens] = process.argv.slice(2);
const [count, length] = [Number(windows), Number(tokens)];
const [recipe] = resolveRecipes([name!]) as [Recipe];
const checkpoint = await openCheckpoint(folder!);
const { peakBytes } = quantizeModelWork(checkpoint, recipe, { sequences: count, length });
const sequences = count === 0 ? [] : randomTokens(checkpoint.spec.vocabularySize, { count, length, seed: 0 });
const start = performance.now();
const before = process.cpuUsage();
const { reports } = await quantizeModel(checkpoint, recipe, {
  ort,
  threads: 2,
  sequences,
  blocks: openQuantizedFolder(join(folder!, name!), checkpoint, recipe),
  memoryBudget: 8 * 2 ** 30,
  onProgress: ({ done, total, detail }) => {
    if (done % 65 === 0) console.error(`${done} of ${total} ${detail ?? ''}`);
  },
});
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
await checkpoint.close();
const methods = reports.reduce((sum, report) => sum + report.seconds, 0);
// maxRSS is in KiB on Linux
const peak = process.resourceUsage().maxRSS * 1024;
console.log(
  JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, methods, peak, estimated: peakBytes }),
);
