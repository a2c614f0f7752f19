/**
 * Zero-shot tasks scored as lm-evaluation-harness scores them, from any log-likelihood function.
 * @packageDocumentation
 */

// tasks
export type {
  DataFile,
  HubData,
  OutputType,
  RowPlace,
  Task,
  TaskItem,
  TextRequest,
  WindowOptions,
} from './task.ts';
export type { Profile } from './profile.ts';
export { resolveTasks, TASK_GROUPS, TASKS } from './tasks/registry.ts';
export { defineTask, type OwnItem, type OwnTaskOptions } from './define-task.ts';
export { parseRows, type TextLayout } from './data/parse-rows.ts';
export type { RowReader } from './data/row-reader.ts';
export type { ChoiceRow } from './tasks/choice-task.ts';
export { type HellaswagRow, hellaswag } from './tasks/hellaswag/task.ts';
export { type LambadaRow, lambadaOpenai } from './tasks/lambada-openai/task.ts';

// requests
export type { EvalTokenizer, SpecialTokenOptions } from './tokenizer.ts';
export {
  appendsSpecialTokens,
  createPairEncoder,
  type EncodeOptions,
  encodePair,
  type PairEncoder,
  type TokenPair,
} from './encode-pair.ts';
export { type FittedRequest, type RequestScore, type TokenRequest, truncateRequest } from './request.ts';
export {
  disjointRequest,
  type RollingOptions,
  type RollingWindow,
  rollingWindows,
} from './rolling-windows.ts';
export { type PreparedItem, type PreparedTask, type PrepareOptions, prepareTask } from './prepare-task.ts';

// scores
export {
  NEAR_TIE_MARGIN,
  scoreItems,
  scoreTask,
  scoreTasks,
  summarizeSamples,
  type TaskResult,
} from './score-task.ts';
export type { Sample } from './scoring/sample.ts';
export { type EvaluateOptions, evaluateTasks, type LogLikelihood, type TaskRows } from './evaluate-tasks.ts';

// generation
export {
  evaluateGeneratedWords,
  type Generate,
  type GeneratedWord,
  type GenerateWordsOptions,
} from './generated-words.ts';
export { evaluateGeneratedTask, GENERATED_TASKS, type GeneratedTask } from './generated-task.ts';

// two results
export {
  type CompareOptions,
  type CorrectedComparison,
  compareResults,
  type ResultComparison,
  SIGNIFICANCE_LEVEL,
} from './compare/compare-results.ts';
export { compareTask, type TaskComparison } from './compare/compare-task.ts';

// metrics
export type { Metric, MetricValue, Rate, StderrOptions } from './metrics/metric.ts';
export { meanMetric, rateMetric } from './metrics/metric.ts';
export { METRICS } from './metrics/registry.ts';
export { accuracy, byteAccuracy, normalizedAccuracy, pooled } from './metrics/accuracy.ts';
export { targetPerplexity } from './metrics/target-perplexity.ts';
export { bitsPerByte, bytePerplexity, tokenPerplexity, wordPerplexity } from './metrics/text-perplexity.ts';
export { byteLikelihood, meanByteLikelihood } from './metrics/byte-likelihood.ts';
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
export {
  type BootstrapOptions,
  type BootstrapResult,
  pairedBootstrap,
} from './statistics/paired-bootstrap.ts';
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
export { dropLast, lowerFirst } from './text/first-character.ts';
export { utf8Length } from './text/utf8-length.ts';
export { pyLstrip, pyRstrip, pyStrip } from './text/whitespace.ts';
export { pyWordCount } from './text/word-count.ts';
