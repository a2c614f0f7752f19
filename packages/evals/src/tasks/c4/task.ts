import type { HubData, Task } from '../../task.ts';
import { standardFiles } from '../choice-task.ts';
import { type RollingRow, rollingTask } from '../rolling-task.ts';

const hub: HubData<RollingRow> = {
  repo: 'allenai/c4',
  revision: 'main',
  file: { layout: 'jsonl', path: 'en/c4-validation.00000-of-00008.json' }, // gzipped on the Hub
};

/**
 * C4, the first validation shard, whole documents: as `wikitext`. The shard is long; give a limit.
 * @see https://arxiv.org/abs/1910.10683
 * @see lm_eval/tasks/c4 @ 4e7e0d47
 */
export const c4: Task<RollingRow> = rollingTask({
  name: 'c4',
  version: '0.0',
  split: 'validation',
  column: 'text',
  hub,
  files: [...standardFiles('c4', 'validation', hub), { layout: 'jsonl', path: 'text/c4-sample.json' }],
});
