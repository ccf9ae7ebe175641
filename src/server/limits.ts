/** What one caller may cost. All of it is decided before anything looks at the content. */
export interface HttpLimits {
  readonly bodyBytes: number;
  /** Alerts, failures, heartbeats or events in one call. */
  readonly itemsPerCall: number;
  /** For the headers to arrive. */
  readonly headersTimeoutMs: number;
  /** For headers and body to arrive. */
  readonly requestTimeoutMs: number;
  /** How often the two above are looked at, and so how late they may be noticed. */
  readonly timeoutCheckMs: number;
  /** A connection on which nothing moves is closed after this. */
  readonly connectionTimeoutMs: number;
  readonly connections: number;
  /** From one address. Failures and signs of life are not counted. */
  readonly requestsPerMinute: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  bodyBytes: 1024 * 1024,
  itemsPerCall: 10_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  timeoutCheckMs: 1_000,
  connectionTimeoutMs: 120_000,
  connections: 1_000,
  requestsPerMinute: 6_000,
};
