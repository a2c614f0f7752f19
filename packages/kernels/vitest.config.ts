import { defineTests } from '@bitcliff-tools/test';

// kernel bodies run as WebAssembly or shaders, where v8 sees nothing
export default defineTests({ coverageExclude: ['src/gpu/**'] });
