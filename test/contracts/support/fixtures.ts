interface Snapshot {
  restore(): Promise<void>;
}

interface Kept {
  readonly build: () => Promise<unknown>;
  readonly snapshot: Snapshot;
  readonly data: unknown;
}

/**
 * Keeps what was built on a chain, and restores it from a snapshot when it is asked for again. What is built may rest on
 * something that is kept: restoring that forgets all that was built later, which the helper of the framework does not
 * notice when one fixture loads another.
 */
export function keepFixtures(
  takeSnapshot: () => Promise<Snapshot>,
): <T>(build: () => Promise<T>) => Promise<T> {
  // In the order of their snapshots: restoring one drops the chain's later ones.
  const kept: Kept[] = [];
  return async <T>(build: () => Promise<T>): Promise<T> => {
    const index = kept.findIndex((each) => each.build === build);
    const known = kept[index];
    if (known) {
      await known.snapshot.restore();
      kept.length = index + 1;
      return known.data as T;
    }
    const data = await build();
    kept.push({ build, snapshot: await takeSnapshot(), data });
    return data;
  };
}
