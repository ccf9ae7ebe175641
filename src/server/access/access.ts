import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * What a caller may do. None includes another.
 * - `viewer`: read everything there is to read.
 * - `reporter`: report alerts, failures, heartbeats and events.
 * - `operator`: order a snapshot, check the store or back it up.
 * - `approver`: order a restart, which powers a server off.
 */
export const ROLES = ['viewer', 'reporter', 'operator', 'approver'] as const;

export type Role = (typeof ROLES)[number];

/** Who asks, and how that is proven. At least one of the three proves it. */
export interface Caller {
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  /** SHA-256 of the tokens that are accepted; two while one takes the place of the other. */
  readonly tokens: readonly Buffer[];
  /** Keys of the signatures that are accepted (Standard Webhooks). */
  readonly webhookKeys: readonly Buffer[];
  /** The common name of the client certificate that is accepted; null for none. */
  readonly certificate: string | null;
}

/** Who may ask. */
export type Access =
  /** Whoever is on this machine and asks for this machine by name. */
  { readonly is: 'loopback' } | { readonly is: 'callers'; readonly callers: readonly Caller[] };

/** What holds as long as nothing else was said. */
export const LOOPBACK_ONLY: Access = { is: 'loopback' };

const ALL_ROLES: ReadonlySet<Role> = new Set(ROLES);

/** Whoever is on this machine, when nothing else was said. */
export const ANYONE_HERE: Caller = {
  name: 'local',
  roles: ALL_ROLES,
  tokens: [],
  webhookKeys: [],
  certificate: null,
};

/** One token with which everything may be done. */
export function accessByToken(token: string): Access {
  const caller: Caller = { ...ANYONE_HERE, name: 'token', tokens: [hashOfToken(token)] };
  return { is: 'callers', callers: [caller] };
}

/** Tokens have 256 bits from a generator, so a fast hash keeps them as well as a slow one. */
export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The caller of a token. Hashes have one length, so looking takes the same time whatever was presented. */
export function callerByToken(callers: readonly Caller[], token: string): Caller | null {
  const presented = hashOfToken(token);
  return callers.find(({ tokens }) => tokens.some((known) => timingSafeEqual(known, presented))) ?? null;
}

export function callerByCertificate(callers: readonly Caller[], commonName: string): Caller | null {
  return callers.find(({ certificate }) => certificate !== null && certificate === commonName) ?? null;
}
