import type { Change, ExplainedCondition, ExplainedPolicy, Explanation, Flip } from '../../explain/index.js';
import type { Paint } from '../terminal.js';
import { decisionText, headline, outcomePaint } from './decision.js';
import { counted, safe, valueText } from './text.js';

/** The decision, how the alert stands to the policies, and what would have changed it. */
export function explanationText({ decision, policies, flips }: Explanation, paint: Paint): string {
  return decisionText(decision, paint) + policiesText(policies, paint) + flipsText(flips, paint);
}

const SHOWN_POLICIES = 5;

/** The condition of each alert policy as a tree, with the values that it met; the nearest policies only. */
export function policiesText(policies: readonly ExplainedPolicy[], paint: Paint): string {
  if (policies.length === 0) return '';
  const shown = policies.slice(0, SHOWN_POLICIES);
  const left = policies.length - shown.length;
  return (
    `${paint.bold('alert policies, the nearest first')}\n` +
    shown.map((policy) => policyText(policy, paint)).join('') +
    (left === 0 ? '' : paint.dim(`  and ${counted(left, 'more', 'more')}, further away\n`))
  );
}

function policyText({ policy, file, line, selects, condition }: ExplainedPolicy, paint: Paint): string {
  const place = paint.dim(safe(`${file}:${line}`));
  const other = selects ? '' : '  does not select this server';
  const tree = condition === null ? '    could not be evaluated\n' : treeText(condition, '    ', paint);
  return `  ${mark(selects && condition?.met === true, paint)} ${safe(policy)}  ${place}${other}\n${tree}`;
}

function treeText(condition: ExplainedCondition, indent: string, paint: Paint): string {
  const head = `${indent}${mark(condition.met, paint)} `;
  const inside = (parts: readonly ExplainedCondition[]): string =>
    parts.map((part) => treeText(part, `${indent}  `, paint)).join('');
  if ('all' in condition) return `${head}all of\n${inside(condition.all)}`;
  if ('any' in condition) return `${head}any of\n${inside(condition.any)}`;
  if ('not' in condition) return `${head}not\n${inside([condition.not])}`;
  const { fact, path, operator, expected, found, met } = condition;
  const value = `found ${valueText(found)}`;
  return `${head}${safe(`${fact} ${path} ${operator}`)} ${valueText(expected)}  ${met ? paint.dim(value) : paint.red(value)}\n`;
}

function mark(good: boolean, paint: Paint): string {
  return good ? paint.green('✓') : paint.red('✗');
}

/** Each change that was proven to lead to another decision, and to which. */
function flipsText(flips: readonly Flip[], paint: Paint): string {
  const title = `${paint.bold('what would have changed it')}\n`;
  if (flips.length === 0) return `${title}  no single change that was tried\n`;
  return (
    title +
    flips
      .map(({ changes, decision }) => {
        const outcome = outcomePaint(decision, paint)(decision.outcome);
        return `  ${changesText(changes)}\n    ${outcome}  ${safe(headline(decision))}\n`;
      })
      .join('')
  );
}

/** `alert $.value 71 → 85`. */
export function changesText(changes: readonly Change[]): string {
  return changes
    .map(({ what, from, to }) => `${safe(what)} ${valueText(from)} → ${valueText(to)}`)
    .join(' and ');
}
