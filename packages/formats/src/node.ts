/**
 * The part of the package that needs Node's file system.
 * @packageDocumentation
 */

// reading
export { openFileSource } from './file-source.node.ts';
export { openSafetensorsFile } from './open-safetensors-file.node.ts';
export { openTensorFolder } from './open-tensor-folder.node.ts';

// writing
export { writeSafetensorsFile } from './write-safetensors-file.node.ts';
