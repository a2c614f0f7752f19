/** @file `analysis-memory-child FOLDER PART BUDGET SEQUENCES LENGTH`: a part of the analysis under a memory budget in bytes; prints the peak resident memory in bytes. */
import { activationError, analyzeActivations, analyzeWeights } from '@bitcliff/analysis';
import { createRng } from '@bitcliff/core';
import { resolveRecipes } from '@bitcliff/quantize';
import { createScratchFile, openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';

const [folder, part, budget, count, length] = process.argv.slice(2);
const checkpoint = await openCheckpoint(folder!);
const rng = createRng(1);
const sequences = Array.from({ length: Number(count) }, () =>
  Array.from({ length: Number(length) }, () => rng.int(checkpoint.spec.vocabularySize)),
);
const setup = { ort, threads: 2, memoryBudget: Number(budget), scratch: createScratchFile };
const recipes = resolveRecipes(['w8a8']);
if (part === 'analyzeWeights') await analyzeWeights(checkpoint, { recipes });
if (part === 'analyzeActivations') await analyzeActivations(checkpoint, sequences, setup);
if (part === 'activationError') await activationError(checkpoint, sequences, { ...setup, recipes });
await checkpoint.close();
// maxRSS is in KiB on Linux
console.log(process.resourceUsage().maxRSS * 1024);
