/** @file What `bitcliff study plan` and `bitcliff study status` print. */
import type { PlanDescription, StudyStatus } from '@bitcliff/study/node';
import { printable } from './printable.ts';
import { formatSeconds } from './progress-line.ts';
import { textTable } from './text-table.ts';

/** Jobs that are listed one by one. */
const MOST_JOBS = 20;

/** The grid, what is done, and what the rest takes. */
export function renderPlan(plan: PlanDescription): string {
  const checkpoints = plan.checkpoints.map(({ checkpoint, architecture, layers, hiddenSize, metadata }) => [
    printable(checkpoint),
    `${architecture}, ${layers} × ${hiddenSize}`,
    metadata.step === undefined ? '–' : String(metadata.step),
    plan.variants
      .filter((variant) => variant.checkpoint === checkpoint)
      .map(({ variant, averageBits }) =>
        averageBits === null ? variant : `${variant} (${averageBits.toFixed(2)})`,
      )
      .join(', '),
  ]);
  const parts = [textTable(['checkpoint', 'model', 'step', 'variants (bits a weight)'], checkpoints)];
  if (plan.tasks.length > 0) {
    const tasks = plan.tasks.map(({ task, version, rows }) => [task, version, String(rows)]);
    parts.push(textTable(['task', 'version', 'rows'], tasks));
  }
  const runs = plan.runs.map(({ kind, done, total }) => [kind, String(done), String(total)]);
  parts.push(textTable(['runs', 'done', 'of'], runs));
  const { jobs } = plan;
  if (jobs.length === 0) return `${parts.join('\n')}\nNothing left to do.\n`;
  const listed = jobs
    .slice(0, MOST_JOBS)
    .map(({ title, seconds }) => [printable(title), formatSeconds(seconds)]);
  if (jobs.length > MOST_JOBS) listed.push([`and ${jobs.length - MOST_JOBS} more`, '']);
  parts.push(textTable(['to do', 'about'], listed));
  const total = jobs.reduce((sum, { seconds }) => sum + seconds, 0);
  const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);
  const memory = `peak memory about ${mebibytes(plan.peakBytes)} MiB and hidden states, budget ${mebibytes(plan.memoryBudget)} MiB`;
  return `${parts.join('\n')}\nAbout ${formatSeconds(total)} by counted operations on this machine, reading not counted; small models take longer. ${memory}.\n`;
}

/** How a study stands. */
export function renderStatus({ name, progress, jobs, running, failures }: StudyStatus): string {
  const lines = [
    `${printable(name)}: ${progress.done} of ${progress.total} runs done`,
    `jobs: ${jobs.waiting} waiting, ${jobs.running} running, ${jobs.done} done, ${jobs.failed} failed`,
    ...running.map(
      ({ title, worker, seconds }) =>
        `running: ${printable(title)}, process ${worker}, last sign of life ${formatSeconds(seconds)} ago`,
    ),
    ...failures.map(({ job, error }) => `failed: ${printable(job)}: ${printable(error)}`),
  ];
  return `${lines.join('\n')}\n`;
}
