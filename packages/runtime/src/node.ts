/**
 * Checkpoints from the file system.
 * @packageDocumentation
 */
export { openCheckpoint } from './open-checkpoint.node.ts';
export { readJsonFile } from './read-json-file.node.ts';
export { createScratchFile } from './engine/scratch-file.node.ts';
