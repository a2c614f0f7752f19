/** A file for numbers that do not fit into memory; it is gone after {@link Scratch.close}, or with the process. */
export interface Scratch {
  /** Fill `target` from an offset in bytes. */
  read(offset: number, target: Float32Array): Promise<void>;
  write(offset: number, data: Float32Array): Promise<void>;
  close(): Promise<void>;
}
