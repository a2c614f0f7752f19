import { defineLibrary } from '@bitcliff-tools/build';

export default defineLibrary({ index: 'src/index.ts', node: 'src/node.ts' });
