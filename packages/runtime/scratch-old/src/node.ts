/**
 * Checkpoints from the file system.
 * @packageDocumentation
 */
export { openCheckpoint, type OpenCheckpointOptions } from './open-checkpoint.node.ts';
export { readJsonFile } from './read-json-file.node.ts';
export { createScratchFile } from './engine/scratch-file.node.ts';
export {
  writeGgufCheckpoint,
  type WriteGgufOptions,
  type WrittenGguf,
} from './gguf/write-gguf-checkpoint.node.ts';
export { openQuantizedFolder } from './quantize-model/quantized-folder.node.ts';
export {
  requireNewFolder,
  writeArtifact,
  type WriteArtifactOptions,
} from './artifacts/write-artifact.node.ts';
