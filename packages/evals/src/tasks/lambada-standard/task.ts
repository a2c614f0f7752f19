import type { HubData, Task } from '../../task.ts';
import { standardFiles } from '../choice-task.ts';
import { type LambadaRow, lambadaTask } from '../lambada-openai/task.ts';

const hub: HubData<LambadaRow> = {
  repo: 'cimec/lambada',
  revision: 'main',
  file: { layout: 'parquet', path: 'plain_text/test-*.parquet' },
};

/**
 * LAMBADA as its authors published it: lower case, words and punctuation apart.
 * @see https://arxiv.org/abs/1606.06031
 * @see lm_eval/tasks/lambada/lambada_standard.yaml @ 4e7e0d47
 */
export const lambadaStandard: Task<LambadaRow> = lambadaTask({
  name: 'lambada_standard',
  hub,
  files: standardFiles('lambada_standard', 'test', hub),
});
