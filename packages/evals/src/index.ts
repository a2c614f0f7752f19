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

// Python's text rules, for writing tasks
export { pyCapitalize } from './text/capitalize.ts';
export { codePointLength } from './text/code-point-length.ts';
export { pyLstrip, pyRstrip, pyStrip } from './text/whitespace.ts';
