import type { ScenarioResult, StepResult } from '../../scenario/index.js';

/** Results in the XML that CI systems read: one suite per file, one case per scenario. */
export function junitXml(results: readonly ScenarioResult[]): string {
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) =>
    suite(
      file,
      results.filter((result) => result.file === file),
    ),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${totals(results)}>\n${suites.join('')}</testsuites>\n`;
}

function suite(file: string, results: readonly ScenarioResult[]): string {
  return `  <testsuite${attributes({ name: file })}${totals(results)}>\n${results.map(testCase).join('')}  </testsuite>\n`;
}

function testCase({ name, file, line, durationMs, passed, steps }: ScenarioResult): string {
  const head = `    <testcase${attributes({ name, classname: file, file, line, time: seconds(durationMs) })}`;
  if (passed) return `${head}/>\n`;
  const failures = steps.filter((step) => !step.passed).map((step) => failure(step, file));
  return `${head}>\n${failures.join('')}    </testcase>\n`;
}

function failure({ what, line, mismatches, decision }: StepResult, file: string): string {
  const lines = [
    `${file}:${line} ${what}`,
    ...mismatches.map((one) => `${one.what}: expected ${one.expected}, actual ${one.actual}`),
    ...(decision?.reasons ?? []).map(({ code, text }) => `because ${code}: ${text}`),
  ];
  const message = mismatches
    .map((one) => `${one.what}: expected ${one.expected}, actual ${one.actual}`)
    .join('; ');
  return `      <failure${attributes({ message, type: 'expectation' })}>${escaped(lines.join('\n'))}</failure>\n`;
}

function totals(results: readonly ScenarioResult[]): string {
  const failures = results.filter(({ passed }) => !passed).length;
  const ms = results.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return attributes({ tests: results.length, failures, errors: 0, time: seconds(ms) });
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(all: Readonly<Record<string, string | number>>): string {
  return Object.entries(all)
    .map(([name, value]) => ` ${name}="${escaped(String(value)).replaceAll('\n', '&#10;')}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** XML 1.0 has no form at all for most control characters. */
function escaped(text: string): string {
  return text

    .replaceAll(/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
