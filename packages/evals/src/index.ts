/**
 * Zero-shot tasks scored as lm-evaluation-harness scores them, from any log-likelihood function.
 * @packageDocumentation
 */

// tasks
export type { DataFile, OutputType, RowPlace, Task, TaskItem, TextRequest } from './task.ts';
export { type HellaswagRow, hellaswag } from './tasks/hellaswag/task.ts';
export { type LambadaRow, lambadaOpenai } from './tasks/lambada-openai/task.ts';
export { resolveTasks, TASKS } from './tasks/registry.ts';
export { parseRows } from './data/parse-rows.ts';

// requests
export type { EvalTokenizer, SpecialTokenOptions } from './tokenizer.ts';
export { createPairEncoder, encodePair, type PairEncoder, type TokenPair } from './encode-pair.ts';
export { type RequestScore, type TokenRequest, truncateRequest } from './request.ts';
export { type PreparedItem, type PreparedTask, type PrepareOptions, prepareTask } from './prepare-task.ts';

// scores
export { NEAR_TIE_MARGIN, scoreTask, scoreTasks, type TaskResult } from './score-task.ts';
export type { Sample } from './scoring/sample.ts';
export { type EvaluateOptions, evaluateTasks, type LogLikelihood, type TaskRows } from './evaluate-tasks.ts';

// metrics
export type { Metric, MetricValue } from './metrics/metric.ts';
export { accuracy, normalizedAccuracy } from './metrics/accuracy.ts';
export { targetPerplexity } from './metrics/target-perplexity.ts';
export { mean, meanStderr } from './metrics/mean.ts';
export { averagePercentDifference } from './metrics/percent-difference.ts';

// statistics of one result
export { bootstrapStderr } from './statistics/bootstrap-stderr.ts';
export { createPythonRandom, type PythonRandom } from './statistics/python-random.ts';
export { pooledStderr, weightedMean } from './statistics/subtasks.ts';
export { wilsonInterval } from './statistics/wilson.ts';
export { type CalibrationBin, calibrationError } from './statistics/calibration-error.ts';
export { quantile } from './statistics/quantile.ts';

// statistics of two results on the same items
export { type PairedDifference, pairedDifference } from './statistics/paired-difference.ts';
export { type McNemarResult, mcNemar } from './statistics/mcnemar.ts';
export { holm } from './statistics/holm.ts';
export { countFlips, type FlipItem, type Flips } from './statistics/flips.ts';
export { choiceDivergence } from './statistics/choice-divergence.ts';
export { minimumDetectableDifference } from './statistics/minimum-detectable-difference.ts';
export { type BootstrapOptions, type BootstrapResult, pairedBootstrap } from './statistics/paired-bootstrap.ts';
export {
  summarizeTokenDivergence,
  type TokenDivergence,
  type TokenDivergenceSummary,
  tokenDivergence,
  type Uncertain,
} from './statistics/token-divergence.ts';

// Python's text rules, for writing tasks
export { pyCapitalize } from './text/capitalize.ts';
export { codePointLength } from './text/code-point-length.ts';
export { pyLstrip, pyRstrip, pyStrip } from './text/whitespace.ts';
