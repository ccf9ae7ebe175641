import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller } from './access.js';

/** How far the time of a signed delivery may be from ours, either way. */
export const WINDOW_MS = 300_000;

/** What stands in the headers of a signed delivery; https://www.standardwebhooks.com. */
export interface Delivery {
  readonly id: string;
  /** Seconds since the epoch, as it was sent. */
  readonly timestamp: string;
  /** Base64 of the signatures that come with it. */
  readonly signatures: readonly string[];
}

/** Null when the request does not claim to be signed, or in a way that cannot be right. */
export function deliveryOf(headers: IncomingHttpHeaders): Delivery | null {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return null;
  if (!/^[\x21-\x7e]{1,256}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return null;
  const signatures = signature.split(' ').flatMap((one) => (one.startsWith('v1,') ? [one.slice(3)] : []));
  return signatures.length === 0 || signatures.length > 8 ? null : { id, timestamp, signatures };
}

/** The caller who signed these bytes now, or little enough ago. Null when nobody did. */
export function callerBySignature(
  callers: readonly Caller[],
  { id, timestamp, signatures }: Delivery,
  body: Uint8Array,
  nowMs: number,
): Caller | null {
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > WINDOW_MS) return null;
  const presented = signatures.map((text) => Buffer.from(text, 'base64'));
  const signs = (key: Buffer): boolean => {
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
    return presented.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  };
  return callers.find(({ webhookKeys }) => webhookKeys.some(signs)) ?? null;
}
