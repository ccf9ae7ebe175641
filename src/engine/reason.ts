import type { Evidence, Reason } from './decision.js';
import type { Origin } from './policy-set.js';
import { REASONS, type ReasonCode } from './reasons.js';

/** A reason, with the place in the files of the policy that it comes from. */
export function reason(
  code: ReasonCode,
  from?: { readonly name: string; readonly origin: Origin } | null,
  more: { readonly text?: string; readonly evidence?: readonly Evidence[] } = {},
): Reason {
  return {
    code,
    ...(from ? { policy: from.name, file: from.origin.file, line: from.origin.line } : {}),
    text: more.text ?? REASONS[code],
    ...(more.evidence ? { evidence: more.evidence } : {}),
  };
}

/** `90s`, `2m`, `1h 5m`: a duration as people say it. */
export function spoken(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  const said = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`);
  return said.length === 0 ? '0s' : said.join(' ');
}
