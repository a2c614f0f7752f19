/** Finds the first record with a key of several parts. */
export function indexBy<T>(
  records: readonly T[],
  key: (record: T) => readonly unknown[],
): (...parts: readonly unknown[]) => T | undefined {
  const map = new Map<string, T>();
  for (const record of records) {
    const own = JSON.stringify(key(record));
    if (!map.has(own)) map.set(own, record);
  }
  return (...parts) => map.get(JSON.stringify(parts));
}

/** Records by a name, in the order of their first ones. */
export function groupBy<K, T>(records: readonly T[], key: (record: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const record of records) {
    const own = key(record);
    const group = groups.get(own);
    if (group === undefined) groups.set(own, [record]);
    else group.push(record);
  }
  return groups;
}
