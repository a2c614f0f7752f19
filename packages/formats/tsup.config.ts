import { defineLibrary } from '@bitcliff-tools/build';

export default defineLibrary({
  index: 'src/index.ts',
  node: 'src/node.ts',
  onnx: 'src/onnx/index.ts',
  hub: 'src/hub/index.ts',
});
