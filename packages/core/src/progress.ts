/** One step of a long piece of work. Libraries emit these; only programs print them. */
export interface ProgressEvent {
  /** What is being done: "score", "quantize", "download". */
  readonly phase: string;
  /** Units finished so far, 0 ≤ done ≤ total. */
  readonly done: number;
  readonly total: number;
  /** What is counted: "rows", "blocks", "bytes". */
  readonly unit: string;
  /** The part in hand: a layer, a file, a recipe. */
  readonly detail?: string;
}

/** Options that every long operation takes. */
export interface LongTaskOptions {
  /** Stops the work at the next step; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}
