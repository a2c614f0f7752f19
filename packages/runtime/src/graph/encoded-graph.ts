/** A graph as ONNX Runtime loads it: the model message, and the large weights beside it. */
export interface EncodedGraph {
  readonly model: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** Bytes of the model and its weights. */
export function graphBytes(graph: EncodedGraph): number {
  return graph.externalData.reduce((sum, file) => sum + file.data.byteLength, graph.model.byteLength);
}
