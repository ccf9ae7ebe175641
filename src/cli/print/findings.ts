import type { Finding, FindingFormat } from './finding.js';
import { githubText } from './github.js';
import { markdownText } from './markdown.js';
import { sarifText } from './sarif.js';

/** All findings in a format for CI; a run without findings prints what that format has for it. */
export function findingsText(findings: readonly Finding[], format: FindingFormat, title: string): string {
  switch (format) {
    case 'github':
      return githubText(findings);
    case 'sarif':
      return sarifText(findings);
    case 'markdown':
      return markdownText(findings, title);
  }
}
