/** What speaks against starting the service without forbidding it: told in the log, or fatal with `--strict`. */
import { toEpochMs, type Instant } from './engine/time.js';

export interface Doubt {
  readonly code: 'DEPENDENCY_UNSAFE' | 'CLOCK_IMPLAUSIBLE' | 'POLICY_FILE_MODE';
  /** What was expected, what was found, and what to do. */
  readonly message: string;
}

export interface Circumstances {
  /** As SQLite tells it, such as `3.52.0`. */
  readonly sqlite: string;
  /** Epoch ms, by this machine's clock. */
  readonly nowMs: number;
  /** Of the newest entry of the journal; null when there is none. */
  readonly newestEntryAt: Instant | null;
  /** Policy files and their folders that everybody may write to. */
  readonly unguarded: readonly string[];
}

/** The service was started with `--strict`, and something speaks against it. */
export class StartDoubtful extends Error {
  readonly code: Doubt['code'];

  constructor(doubts: readonly [Doubt, ...Doubt[]]) {
    super(doubts.map(({ code, message }) => `${code} ${message}`).join('; '));
    this.name = 'StartDoubtful';
    this.code = doubts[0].code;
  }
}

export function doubtsAbout({ sqlite, nowMs, newestEntryAt, unguarded }: Circumstances): readonly Doubt[] {
  return [...aboutSqlite(sqlite), ...aboutClock(nowMs, newestEntryAt), ...aboutModes(unguarded)];
}

/**
 * Versions whose WAL may be reset at the wrong moment and lose a commit, when two connections write. Here one does, so
 * nothing is known to go wrong; but what else opens the file is not ours to say. Known as the WAL-reset bug.
 */
const WAL_RESET = {
  first: [3, 7, 0],
  mended: [3, 51, 3],
  mendedToo: [
    [3, 44, 6],
    [3, 50, 7],
  ],
} as const;

function aboutSqlite(version: string): readonly Doubt[] {
  const found = version.split('.').map(Number);
  const isMended =
    isBelow(found, WAL_RESET.first) ||
    !isBelow(found, WAL_RESET.mended) ||
    WAL_RESET.mendedToo.some((mended) => found[1] === mended[1] && !isBelow(found, mended));
  if (isMended) return [];
  const message = `SQLite ${version} can lose a commit when its WAL is reset (mended in ${WAL_RESET.mended.join('.')}); install the sqlite3 package anew, by npm ci`;
  return [{ code: 'DEPENDENCY_UNSAFE', message }];
}

function isBelow(version: readonly number[], other: readonly number[]): boolean {
  const place = other.findIndex((part, index) => (version[index] ?? 0) !== part);
  return place !== -1 && (version[place] ?? 0) < (other[place] ?? 0);
}

/** No version of this program is older. */
const FIRST_MS = Date.UTC(2026, 10, 1);

/** A clock that is disciplined goes back by less than this. */
const SLACK_MS = 60_000;

function aboutClock(nowMs: number, newestEntryAt: Instant | null): readonly Doubt[] {
  const newestMs = newestEntryAt === null ? FIRST_MS : toEpochMs(newestEntryAt);
  const floorMs = Math.max(FIRST_MS, newestMs - SLACK_MS);
  if (nowMs >= floorMs) return [];
  const why = newestMs > FIRST_MS ? 'the newest entry of the journal' : 'this program';
  const message = `this machine's clock says ${new Date(nowMs).toISOString()}, which is before ${why}, of ${new Date(Math.max(newestMs, FIRST_MS)).toISOString()}; set the clock, and see that it is kept right (NTP). Ages of snapshots, cooldowns and windows are wrong until then`;
  return [{ code: 'CLOCK_IMPLAUSIBLE', message }];
}

/** As many as help to find the rest. */
const SHOWN = 5;

/** Who writes the policies decides what is powered off. */
function aboutModes(unguarded: readonly string[]): readonly Doubt[] {
  if (unguarded.length === 0) return [];
  const some = unguarded.slice(0, SHOWN).join(', ');
  const more = unguarded.length > SHOWN ? ` and ${unguarded.length - SHOWN} more` : '';
  const message = `everybody on this machine may write to ${some}${more}, and so decide what is powered off; take that away: chmod -R o-w`;
  return [{ code: 'POLICY_FILE_MODE', message }];
}
