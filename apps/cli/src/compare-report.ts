import type { CorrectedComparison, ResultComparison } from '@bitcliff/evals';
import { formatNumber, formatP, formatSigned, isShare } from './format-score.ts';
import { textTable } from './text-table.ts';

const HEAD = [
  ...['task', 'before', 'after', 'difference', '95 % interval', 'p (Holm)'],
  ...['lost/won', 'all flips', 'choice KL', 'finds'],
];

/** The table of `bitcliff compare`: what changed, task by task; accuracies in percent. */
export function renderComparison({ tasks, average }: ResultComparison): string {
  const rows = tasks.map(renderTask);
  const lines = [textTable(HEAD, rows)];
  if (average !== null) {
    const { before, after, difference, stderr, percentDifference } = average;
    const points = `${formatSigned(100 * difference)}${stderr === null ? '' : ` ± ${formatNumber(100 * stderr)}`}`;
    lines.push(
      `average of the shares: ${formatNumber(100 * before)} before, ${formatNumber(100 * after)} after, difference ${points} points\n`,
      `average % difference: ${formatSigned(percentDifference)}\n`,
    );
  }
  lines.push(
    "* p ≤ 0.05 after Holm's correction over the tasks. lost/won: right answers that became wrong, and the reverse. all flips: answers that changed.\n",
    'choice KL: nats. finds: the smallest difference that this many items find in 80 % of experiments; ? where the difference is smaller and not significant.\n',
  );
  return lines.join('');
}

function renderTask(task: CorrectedComparison): string[] {
  const scale = isShare(task.metric) ? 100 : 1;
  const { flips, confidence95, stderr, detectable } = task;
  return [
    `${task.task} (${task.metric}, n = ${task.n})`,
    formatNumber(scale * task.before),
    formatNumber(scale * task.after),
    `${formatSigned(scale * task.difference)}${stderr === null ? '' : ` ± ${formatNumber(scale * stderr)}`}`,
    confidence95 === null ? '–' : confidence95.map((end) => formatSigned(scale * end)).join(' to '),
    formatP(task.pHolm) + (task.isSignificant ? '*' : ' '),
    flips === null ? '–' : `${flips.correctToIncorrect}/${flips.incorrectToCorrect}`,
    flips === null || flips.allShare === null ? '–' : `${(100 * flips.allShare).toFixed(2)} %`,
    task.choiceDivergence === null ? '–' : task.choiceDivergence.toFixed(4),
    detectable === null ? '– ' : formatNumber(scale * detectable) + (task.isUnresolved ? '?' : ' '),
  ];
}
