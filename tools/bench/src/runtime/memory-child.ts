/** @file `memory-child FOLDER BUDGET ROWS`: score rows of 512 tokens under a memory budget in bytes; prints the peak resident memory in bytes. */
import { createRng } from '@bitcliff/core';
import { createEngine } from '@bitcliff/runtime';
import { createScratchFile, openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';

const [folder, budget, rows] = process.argv.slice(2);
const checkpoint = await openCheckpoint(folder!);
const rng = createRng(1);
let files = 0;
const engine = await createEngine(checkpoint, {
  ort,
  threads: 2,
  memoryBudget: Number(budget),
  scratch: () => {
    files++;
    return createScratchFile();
  },
});
const context = (): number[] => Array.from({ length: 512 }, () => rng.int(checkpoint.spec.vocabularySize));
const requests = Array.from({ length: Number(rows) }, () => ({ context: context(), continuation: [1] }));
await engine.score(requests, {
  onProgress: ({ done, total, detail }) => {
    if (done % Number(rows) === 0) console.error(`${done} of ${total} ${detail ?? ''}`);
  },
});
await engine.dispose();
await checkpoint.close();
// maxRSS is in KiB on Linux
console.log(JSON.stringify({ peak: process.resourceUsage().maxRSS * 1024, scratchFiles: files }));
