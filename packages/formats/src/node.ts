/**
 * The part of the package that needs Node's file system.
 * @packageDocumentation
 */

// any tensors, by path or URI
export { openTensors, type OpenTensorsOptions, type UriResolver } from './open-tensors.node.ts';

// reading
export { openFileSource } from './file-source.node.ts';
export { openSafetensorsFile } from './open-safetensors-file.node.ts';
export { openTensorFolder } from './open-tensor-folder.node.ts';
export { openGgufFile } from './gguf/open-gguf-file.node.ts';
export { openOnnxFile } from './onnx/open-onnx-file.node.ts';

// writing
export {
  SAFETENSORS_SHARD_BYTES,
  type TensorToWrite,
  writeSafetensorsFolder,
  type WriteSafetensorsFolderOptions,
  type WrittenCheckpoint,
} from './write-safetensors-folder.node.ts';
export { writeSafetensorsFile } from './write-safetensors-file.node.ts';
export { type StreamedGgufTensor, writeGgufFile } from './gguf/write-gguf-file.node.ts';
export { writeOnnxFile } from './onnx/write-onnx-file.node.ts';
