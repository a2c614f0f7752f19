/** @file A study's store with a million items, made from a study that never ran: the records are the fixture's, the items copies of one. */

import type { Sample } from '@bitcliff/evals';
import type { RecordKind, StudyRecords } from '@bitcliff/study';
import { RECORD_KINDS } from '@bitcliff/study';
import { createFixtureStudy } from '../../../../packages/report/test/fixture-study.ts';
import { putPlan, withoutPlace } from '../../../../packages/study/src/store/study-records.node.ts';
import { type NewRecord, openStudyStore } from '../../../../packages/study/src/store/study-store.node.ts';

/** 12 checkpoints of 24 layers, 8 recipes (three on two calibration sets each), 8 tasks, all analyses. */
function largeStudy(): StudyRecords {
  return createFixtureStudy({
    steps: [100, 200, 400, 800, 1600, 3200, 4800, 6400, 8000],
    others: 3,
    recipes: [
      'rtn-w3g128',
      'rtn-w3g128+qkv8',
      'rtn-w4g128',
      'rtn-w5g128',
      'awq-w3g128',
      'awq-w4g128',
      'gptq-w4g128',
      'w8a8',
    ],
    tasks: ['boolq', 'hellaswag', 'lambada', 'piqa', 'arc-easy', 'copa', 'winogrande', 'storycloze'],
    layers: 24,
    items: 100,
  });
}

/** Write the store. @returns how many items are in it */
export function writeLargeStore(path: string, items: number): number {
  const study = largeStudy();
  const byRun = new Map<string, NewRecord[]>();
  for (const kind of RECORD_KINDS) {
    for (const { run, ...record } of study.records(kind)) {
      if (run === null) continue;
      byRun.set(run, [
        ...(byRun.get(run) ?? []),
        { kind: kind as RecordKind, data: withoutPlace(kind, record) },
      ]);
    }
  }
  const runs = [...byRun].map(([run, records]) => ({ ...study.manifest(run), records }));
  const text = { name: study.records('loss')[0]!.text };
  const store = openStudyStore(path);
  try {
    putPlan(store.db, {
      ...study,
      checkpoints: study.records('checkpoint'),
      variants: study.records('variant'),
      runs: runs.map(({ run, kind, checkpoint, variant, subject }) => ({
        run,
        kind,
        checkpoint,
        variant,
        subject: { ...subject, text },
      })),
    });
    const tasks = runs.filter(({ kind }) => kind === 'task');
    const each = Math.ceil(items / tasks.length);
    for (const run of tasks) {
      store.addSamples([
        { ...run, samples: Array.from({ length: each }, (_, index) => ({ ...SAMPLE, index })) },
      ]);
    }
    store.finish(runs);
    return each * tasks.length;
  } finally {
    store.close();
  }
}

const SAMPLE: Sample = {
  index: 0,
  docHash: 'ab'.repeat(32),
  contextTokens: [61, 61, 61, 61],
  continuationTokens: [12, 14, 11, 9],
  logProbs: [-31.25718688964844, -29.10318756103515, -33.7718963623046, -30.18718719482422],
  isGreedy: [false, false, false, false],
  prediction: 1,
  gold: 1,
  correct: true,
  predictionNorm: 1,
  correctNorm: true,
  margin: 1.0839996337890625,
  choiceChars: [52, 61, 47, 40],
  choiceBytes: [52, 61, 47, 40],
  words: null,
  bytes: null,
  cluster: null,
};
