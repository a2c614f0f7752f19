import type { StudyConfig } from '@bitcliff/study';

/** The shipped toy checkpoints: two trainings, and three early steps of one of them. `npm run demo` writes the data and runs it. */
export default {
  name: 'toy',
  title: 'How many bits can a toy model lose?',
  checkpoints: [
    { path: 'checkpoints/control-step-0200' },
    { path: 'checkpoints/control-step-0400' },
    { path: 'checkpoints/control-step-0800' },
    { path: 'checkpoints/control' },
    { path: 'checkpoints/wd0.001-noclip' },
  ],
  recipes: ['w8a8', 'w4', 'gptq-w3g32', 'rtn-w3g32', 'rtn-w3g32+qkv8'],
  tasks: ['int8-paper'],
  data: '.data',
  limit: 200,
  calibration: [{ name: 'hellaswag', source: 'task:hellaswag', samples: 32, length: 96 }],
  texts: [{ name: 'stories', file: '.data/stories.txt', sequences: 48, length: 96, lines: true }],
  analyses: [
    'loss',
    'weights',
    'activations',
    'activationError',
    'sensitivity',
    'blockImportance',
    'noise',
    'fits',
  ],
  sensitivity: { by: 'matrix', recipes: ['rtn-w2g32', 'rtn-w3g32', 'rtn-w4g32'] },
} satisfies StudyConfig;
