// IndexedDB, as little of it as is used: one record for a name, each read and write on its own. The connection is opened for
// each, so that a page can be put away and cleared data leaves nothing broken behind.

const NAME = "arcgate";

/** The stores: tokens, and notes of what tabs did. */
type Store = "tokens" | "tabs";

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      for (const store of ["tokens", "tabs"]) request.result.createObjectStore(store);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function transaction<T>(
  store: Store,
  mode: IDBTransactionMode,
  work: (records: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const running = database.transaction(store, mode, { durability: "strict" });
      const request = work(running.objectStore(store));
      running.oncomplete = () => resolve(request.result);
      running.onabort = running.onerror = () => reject(running.error);
    });
  } finally {
    database.close();
  }
}

/** What a store, "tokens" or "tabs", holds under a name. */
export const read = (store: Store, name: string): Promise<unknown> =>
  transaction(store, "readonly", (records) => records.get(name));

/** Writes a record. It is on the disk when this is over. */
export const write = (store: Store, name: string, record: object): Promise<unknown> =>
  transaction(store, "readwrite", (records) => records.put(record, name));

/** Changes members of a record, whoever else changes others. A record without any is removed. */
export const change = (store: Store, name: string, members: object): Promise<unknown> =>
  transaction(store, "readwrite", (records) => {
    const found: IDBRequest<object | undefined> = records.get(name);
    found.onsuccess = () => {
      const record = { ...found.result, ...members };
      const isEmpty = Object.values(record).every((member) => member === undefined);
      if (isEmpty) records.delete(name);
      else records.put(record, name);
    };
    return found;
  });

/** Removes a record. */
export const remove = (store: Store, name: string): Promise<unknown> =>
  transaction(store, "readwrite", (records) => records.delete(name));
