export const FIRST_TABLES = `
CREATE TABLE events (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  server      TEXT NOT NULL,
  at          TEXT NOT NULL,
  received_at TEXT NOT NULL,
  digest      TEXT NOT NULL,
  body        TEXT NOT NULL,
  decided     INTEGER NOT NULL DEFAULT 0 CHECK (decided IN (0, 1))
) STRICT;
CREATE INDEX events_undecided ON events (seq) WHERE decided = 0;

CREATE TABLE decisions (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  id      TEXT NOT NULL UNIQUE,
  event   TEXT NOT NULL REFERENCES events (id),
  server  TEXT NOT NULL,
  outcome TEXT NOT NULL,
  body    TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_of_server ON decisions (server, seq);
CREATE INDEX decisions_of_event ON decisions (event, seq);

CREATE TABLE operations (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  id         TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL CHECK (kind IN ('take-snapshot', 'restart-server', 'retire-snapshot')),
  server     TEXT NOT NULL,
  decision   TEXT NOT NULL UNIQUE REFERENCES decisions (id),
  state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'blocked')),
  created_at TEXT NOT NULL,
  ended_at   TEXT,
  reason     TEXT,
  result     TEXT,
  CHECK ((state = 'running') = (ended_at IS NULL))
) STRICT;
CREATE INDEX operations_running ON operations (seq) WHERE state = 'running';
CREATE INDEX operations_of_server ON operations (server, seq);

CREATE TABLE steps (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  operation     TEXT NOT NULL REFERENCES operations (id),
  step          TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('intended', 'done', 'failed')),
  started_at    TEXT NOT NULL,
  ended_at      TEXT,
  result        TEXT,
  error_code    TEXT,
  error_subject TEXT,
  error_message TEXT,
  UNIQUE (operation, step),
  CHECK ((state = 'intended') = (ended_at IS NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
) STRICT;

-- The disk table. Rows of things that left the inventory stay, marked as missing.

CREATE TABLE drives (
  name                 TEXT PRIMARY KEY,
  device               TEXT NOT NULL,
  labels               TEXT NOT NULL,
  capacity_bytes       INTEGER NOT NULL CHECK (capacity_bytes >= 0),
  free_bytes           INTEGER NOT NULL CHECK (free_bytes >= 0),
  health               TEXT NOT NULL CHECK (health IN ('ok', 'degraded', 'failed')),
  serial               TEXT,
  declared_quarantined INTEGER NOT NULL CHECK (declared_quarantined IN (0, 1)),
  -- The server that was taken over away from this drive: what it holds must not run again.
  dead_lineage_of      TEXT,
  role                 TEXT NOT NULL CHECK (role IN ('active', 'snapshots', 'quarantined')),
  server               TEXT,
  reserved_by          TEXT,
  missing              INTEGER NOT NULL DEFAULT 0 CHECK (missing IN (0, 1)),
  CHECK ((role = 'active') = (server IS NOT NULL))
) STRICT;

CREATE TABLE machines (
  name        TEXT PRIMARY KEY,
  role        TEXT NOT NULL CHECK (role IN ('active', 'backup')),
  state       TEXT NOT NULL CHECK (state IN ('serving', 'idle', 'fenced', 'failed')),
  reserved_by TEXT,
  missing     INTEGER NOT NULL DEFAULT 0 CHECK (missing IN (0, 1))
) STRICT;

CREATE TABLE servers (
  name            TEXT PRIMARY KEY,
  machine         TEXT NOT NULL REFERENCES machines (name),
  disk            TEXT NOT NULL REFERENCES drives (name),
  state           TEXT NOT NULL CHECK (state IN ('up', 'failed')),
  failed_at       TEXT,
  taken_over_at   TEXT,
  heartbeat_at    TEXT,
  last_generation INTEGER NOT NULL DEFAULT 0,
  missing         INTEGER NOT NULL DEFAULT 0 CHECK (missing IN (0, 1)),
  CHECK ((state = 'failed') = (failed_at IS NOT NULL))
) STRICT;

CREATE TABLE snapshots (
  id              TEXT PRIMARY KEY,
  server          TEXT NOT NULL REFERENCES servers (name),
  generation      INTEGER NOT NULL,
  kind            TEXT NOT NULL CHECK (kind IN ('scheduled', 'additional', 'after-takeover', 'manual')),
  condition       TEXT NOT NULL,
  cause           TEXT NOT NULL CHECK (cause IN ('hardware', 'software', 'unknown')),
  drive           TEXT NOT NULL REFERENCES drives (name),
  taken_at        TEXT NOT NULL,
  memory_bytes    INTEGER NOT NULL CHECK (memory_bytes >= 0),
  disk_bytes      INTEGER NOT NULL CHECK (disk_bytes >= 0),
  state           TEXT NOT NULL CHECK (state IN ('writing', 'complete', 'failed', 'deleting')),
  checksum        TEXT,
  verified        TEXT CHECK (verified IN ('ok', 'failed')),
  verified_at     TEXT,
  pinned          INTEGER NOT NULL CHECK (pinned IN (0, 1)),
  policy_revision TEXT NOT NULL,
  event           TEXT NOT NULL,
  operation       TEXT NOT NULL,
  UNIQUE (server, generation),
  CHECK (state <> 'complete' OR checksum IS NOT NULL)
) STRICT;

-- What a failed server could be restarted from, as far as the table knows.
CREATE VIEW restorable AS
  SELECT snapshots.id, snapshots.server
  FROM snapshots JOIN drives ON drives.name = snapshots.drive
  WHERE snapshots.state = 'complete' AND snapshots.verified IS NOT 'failed'
    AND drives.health <> 'failed' AND drives.missing = 0;

-- The decision memory. One event counts once per policy, however often it is decided again.

CREATE TABLE matches (
  event  TEXT NOT NULL,
  server TEXT NOT NULL,
  policy TEXT NOT NULL,
  digest TEXT NOT NULL,
  at     TEXT NOT NULL,
  PRIMARY KEY (event, policy)
) STRICT, WITHOUT ROWID;
CREATE INDEX matches_by_time ON matches (at);

CREATE TABLE symptoms (
  server    TEXT NOT NULL,
  policy    TEXT NOT NULL,
  condition TEXT NOT NULL,
  cause     TEXT NOT NULL CHECK (cause IN ('hardware', 'software', 'unknown')),
  first_at  TEXT NOT NULL,
  last_at   TEXT NOT NULL,
  met       INTEGER NOT NULL CHECK (met IN (0, 1)),
  PRIMARY KEY (server, policy)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  server TEXT NOT NULL,
  policy TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('snapshot', 'restart')),
  at     TEXT NOT NULL,
  PRIMARY KEY (server, policy, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  at      TEXT NOT NULL,
  subject TEXT NOT NULL,
  change  TEXT NOT NULL,
  made_by TEXT NOT NULL,
  detail  TEXT
) STRICT;
CREATE INDEX journal_of_subject ON journal (subject, seq);
CREATE TRIGGER journal_is_never_edited BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'a journal entry is never edited'); END;
CREATE TRIGGER journal_is_never_deleted BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'a journal entry is never deleted'); END;
`;
