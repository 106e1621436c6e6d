// Writes docs/verdicts.md from the reasons that the SDK can give: node --conditions=source scripts/make-verdicts.ts
// With --check it writes nothing and fails when the file differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { CHECK_NAMES, CHECKS, REASONS } from '../sdk/src/answer/index.ts';

const HEAD = `# Verdicts

What \`verifyAnswer\` can say, check by check, in the order in which it reports them. Codes are frozen: a code
never changes its meaning or its verdict, and a new meaning gets a new code. Written by
\`scripts/make-verdicts.ts\`; a test compares this page with the program.

- **VALID**: it holds. **INVALID**: it does not hold.
- **ERROR**: it could not be checked, which says nothing of the answer.
- **SKIPPED**: it was not asked for, or the source cannot tell.

The whole is INVALID when any check is; otherwise ERROR when any check is, or when a check that the caller
named in \`require\` was skipped; otherwise VALID. What the caller did not expect is listed in words in
\`notCompared\`.
`;

function rows(check: string): string {
  const reasons = Object.entries(REASONS).filter(([, reason]) => reason.check === check);
  const lines = reasons.map(([code, { verdict, en, zh }]) => `| \`${code}\` | ${verdict} | ${en} | ${zh} |`);
  return ['| code | verdict | in words | 说明 |', '|---|---|---|---|', ...lines].join('\n');
}

const sections = CHECKS.map((check) => {
  const { en, zh } = CHECK_NAMES[check];
  return `## \`${check}\`\n\n${en[0]?.toUpperCase()}${en.slice(1)} · ${zh}\n\n${rows(check)}\n`;
});
const anywhere = `## In any check\n\n${rows('any')}\n`;
const text = [HEAD, ...sections, anywhere].join('\n');

const url = new URL('../docs/verdicts.md', import.meta.url);
function present(): string {
  try {
    return readFileSync(url, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

if (present() !== text) {
  if (process.argv.includes('--check')) {
    process.stderr.write('docs/verdicts.md is out of date: run scripts/make-verdicts.ts\n');
    process.exitCode = 1;
  } else {
    writeFileSync(url, text);
    process.stderr.write('wrote docs/verdicts.md\n');
  }
}
