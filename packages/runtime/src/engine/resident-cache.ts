/** Something that was loaded, with what it holds. */
export interface Loaded<T> {
  readonly value: T;
  /** Bytes held in memory, for the budget. */
  readonly bytes: number;
  dispose(): Promise<void>;
}

/** Loads parts of a model when they are needed, and keeps those that fit a budget. */
export interface ResidentCache {
  /** Run `use` with a part; it is loaded unless it was kept, and freed afterwards unless it fits. */
  with<T, R>(key: string, load: () => Promise<Loaded<T>>, use: (value: T) => Promise<R>): Promise<R>;
  dispose(): Promise<void>;
}

/** @param budget bytes that may stay loaded; parts are kept first come, first served, so every pass over a model keeps the same ones */
export function createResidentCache(budget: number): ResidentCache {
  const kept = new Map<string, Loaded<unknown>>();
  let used = 0;
  return {
    async with<T, R>(key: string, load: () => Promise<Loaded<T>>, use: (value: T) => Promise<R>): Promise<R> {
      const known = kept.get(key) as Loaded<T> | undefined;
      if (known !== undefined) return use(known.value);
      const loaded = await load();
      const fits = used + loaded.bytes <= budget;
      if (fits) {
        kept.set(key, loaded);
        used += loaded.bytes;
      }
      try {
        return await use(loaded.value);
      } finally {
        if (!fits) await loaded.dispose();
      }
    },
    async dispose(): Promise<void> {
      for (const loaded of kept.values()) await loaded.dispose();
      kept.clear();
      used = 0;
    },
  };
}
