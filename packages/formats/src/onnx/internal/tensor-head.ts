import type { Tensor } from '@bitcliff/core';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type TensorProto, TensorProtoSchema } from '../onnx-subset.gen.ts';
import { onnxDataType } from './onnx-data-type.ts';

const EXTERNAL = 1; // TensorProto.DataLocation

/** The message of a tensor whose data stands in a file beside the model. @param location the file's name */
export function externalTensor(name: string, tensor: Tensor, location: string, where: string): TensorProto {
  const message = tensorHead(name, tensor, where);
  message.dataLocation = EXTERNAL;
  const entries = { location, offset: '0', length: String(tensor.data.byteLength) };
  message.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  return message;
}

/** A tensor's message without its data. @throws {UnsupportedError} when the dtype has no place in a graph */
export function tensorHead(name: string, tensor: Tensor, where: string): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: tensor.shape.map(BigInt),
    dataType: onnxDataType(tensor.dtype, where),
  });
}
