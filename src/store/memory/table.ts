/** What has to be done to make a change undone; the newest stands last. */
export type UndoLog = (() => void)[];

/** Rows by their key, in the order in which they came. Rows are replaced, never edited, so they may be handed out. */
export interface Table<R> {
  get(key: string): R | undefined;
  put(key: string, row: R): void;
  drop(key: string): void;
  all(): readonly R[];
  size(): number;
}

export function createTable<R>(undo: UndoLog): Table<R> {
  const rows = new Map<string, R>();
  return {
    get: (key) => rows.get(key),
    put(key, row) {
      const before = rows.get(key);
      undo.push(() => {
        if (before === undefined) rows.delete(key);
        else rows.set(key, before);
      });
      rows.set(key, row);
    },
    drop(key) {
      const before = [...rows];
      if (!rows.delete(key)) return;
      // Put back at its end it would stand in another order.
      undo.push(() => {
        rows.clear();
        for (const [known, row] of before) rows.set(known, row);
      });
    },
    all: () => [...rows.values()],
    size: () => rows.size,
  };
}

/** Takes back everything, newest first. */
export function rollBack(undo: UndoLog): void {
  for (let one = undo.pop(); one !== undefined; one = undo.pop()) one();
}
