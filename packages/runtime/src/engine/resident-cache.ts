/** Something that was loaded, with what it holds. */
export interface Loaded<T> {
  readonly value: T;
  /** Bytes held in memory, for the budget. */
  readonly bytes: number;
}

/** Loads parts of a model when they are needed, and keeps those that fit a budget. */
export interface ResidentCache {
  /** A part: the one that was kept, or loaded now; it is kept if it fits. */
  get<T>(key: string, load: () => Promise<Loaded<T>>): Promise<T>;
  /** Whether a part is kept, or would be if it were loaded now. */
  keeps(key: string, bytes: number): boolean;
  clear(): void;
}

/** @param budget bytes that may stay loaded; parts are kept first come, first served, so every pass over a model keeps the same ones */
export function createResidentCache(budget: number): ResidentCache {
  const kept = new Map<string, unknown>();
  let used = 0;
  return {
    async get<T>(key: string, load: () => Promise<Loaded<T>>): Promise<T> {
      if (kept.has(key)) return kept.get(key) as T;
      const { value, bytes } = await load();
      if (used + bytes <= budget) {
        kept.set(key, value);
        used += bytes;
      }
      return value;
    },
    keeps: (key, bytes) => kept.has(key) || used + bytes <= budget,
    clear() {
      kept.clear();
      used = 0;
    },
  };
}
