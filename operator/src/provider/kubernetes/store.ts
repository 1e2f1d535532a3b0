// The local copy of one kind of object, as the API server last told it.
// Decides whether news is news: older versions are dropped, and an object that was deleted and made again under its old name
// is seen as such by its uid. Knows nothing of requests.

export type Stored = {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
};

export type Store<T extends Stored> = {
  /** By `namespace/name`, or `name` where there is no namespace. */
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /** Takes one object over unless a newer version is held; returns whether anything changed. */
  put(object: T): boolean;
  remove(object: T): boolean;
  /** Takes a complete list over: what it does not name is gone. */
  replace(objects: readonly T[]): boolean;
};

export function createStore<T extends Stored>(): Store<T> {
  const objects = new Map<string, T>();

  function put(object: T): boolean {
    const held = objects.get(keyOf(object));
    if (held && isSameObject(held, object) && !isNewer(object, held)) return false;
    objects.set(keyOf(object), object);
    return true;
  }

  return {
    get: (key) => objects.get(key),
    values: () => objects.values(),
    get size() {
      return objects.size;
    },
    put,
    remove(object) {
      const held = objects.get(keyOf(object));
      if (!held || !isSameObject(held, object)) return false; // the tombstone of a predecessor
      return objects.delete(keyOf(object));
    },
    replace(listed) {
      const names = new Set(listed.map(keyOf));
      let changed = false;
      for (const key of objects.keys()) if (!names.has(key)) changed = objects.delete(key) || changed;
      for (const object of listed) changed = put(object) || changed;
      return changed;
    },
  };
}

export function keyOf({ metadata }: Stored): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

function isSameObject(a: Stored, b: Stored): boolean {
  return a.metadata.uid === b.metadata.uid;
}

/** Resource versions of one kind can be compared as integers (KEP-5504). */
function isNewer(a: Stored, b: Stored): boolean {
  const [left, right] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  return /^\d+$/.test(left) && /^\d+$/.test(right) ? BigInt(left) > BigInt(right) : left !== right;
}
