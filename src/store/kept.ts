/** Longer than any `repeated` window that makes sense; older matches are forgotten. In milliseconds. */
export const MATCHES_KEPT_MS = 7 * 24 * 60 * 60 * 1000;
