/**
 * A checksum at the end of each row, a chain over the journal, and a count of commits. Whatever changes a row takes
 * its checksum away; the transaction that meant to puts a new one there before it commits (see ../seal.ts).
 */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  events: ['seq'],
  decisions: ['seq'],
  operations: ['seq'],
  steps: ['seq'],
  drives: ['name'],
  machines: ['name'],
  servers: ['name'],
  snapshots: ['id'],
  matches: ['event', 'policy'],
  symptoms: ['server', 'policy'],
  orders: ['server', 'policy', 'action'],
  journal: ['seq'],
};

function seal(table: string, key: readonly string[]): string {
  return `
ALTER TABLE ${table} ADD COLUMN sum INTEGER;
CREATE INDEX ${table}_unsealed ON ${table} (sum) WHERE sum IS NULL;
CREATE TRIGGER ${table}_breaks_its_seal AFTER UPDATE ON ${table}
  WHEN NEW.sum IS NOT NULL AND NEW.sum IS OLD.sum
  BEGIN UPDATE ${table} SET sum = NULL WHERE ${key.map((column) => `${column} = NEW.${column}`).join(' AND ')}; END;`;
}

export const SEALS = `
CREATE TABLE store (
  id      TEXT NOT NULL,
  commits INTEGER NOT NULL
) STRICT;
INSERT INTO store (id, commits) VALUES (lower(hex(randomblob(16))), 0);

DROP TRIGGER journal_is_never_edited;
ALTER TABLE journal ADD COLUMN hash TEXT;
${Object.entries(KEYS)
  .map(([table, key]) => seal(table, key))
  .join('\n')}
CREATE TRIGGER journal_is_never_edited BEFORE UPDATE OF seq, at, subject, change, made_by, detail ON journal
  BEGIN SELECT RAISE(ABORT, 'a journal entry is never edited'); END;
CREATE TRIGGER journal_is_chained_once BEFORE UPDATE OF hash ON journal WHEN OLD.hash IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a journal entry is never edited'); END;
`;
