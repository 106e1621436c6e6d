// Writes docs/processes/rules.md from the rule sets: node --conditions=source scripts/make-rules.ts
// With --check it writes nothing and fails when the file differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  CATALOGUE,
  dateOfDay,
  dayOfDate,
  kindOf,
  OPEN_END,
  REPAIR_LEVEL_NAMES,
  repairTerms,
  RULE_SETS,
  type RuleSet,
  type Severity,
} from '../sdk/src/protocol/index.ts';

const HEAD = `# Rules of repair and publicity

Data, by the day from which they are in force: \`sdk/src/protocol/repair-rules.data.ts\`. Written by
\`scripts/make-rules.ts\`; a test compares this page with the program.

- The set that governs is the one in force on the day of the application (repair), or of the look (publicity).
- All clocks run from the day of the decision. A period of months ends on the day of the same number, or on the
  last day of a shorter month: three months from 2026-11-30 end on 2027-02-28. That day itself is the first on which
  repair may be applied for, or the last of publicity.
- The level is the heaviest of: the level of the kind, the level of the source’s own label of severity, and, where a
  law names the conduct as not repairable, the level for that. The platform sets no severity of its own.
- **(?)** marks what no public source that we read settles, or what is our reading of it: to be confirmed by the
  operator before it is relied upon.
`;

const mark = (confirmed: boolean): string => (confirmed ? '' : ' **(?)**');
const months = (count: number): string => (count === 0 ? 'none' : `${count} months`);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function domainNames(codes: readonly number[] | undefined): string {
  if (!codes) return 'every area';
  return CATALOGUE.domains
    .filter((domain) => codes.includes(domain.code))
    .map((domain) => domain.name.zh)
    .join('、');
}

function kindNames(codes: readonly number[]): string {
  return codes.map((code) => `${code} ${kindOf(code)?.name.zh ?? ''}`).join('、');
}

function levels(set: RuleSet): string {
  return table(
    ['level', 'shown', 'minimum', 'maximum', 'repair', 'conditions'],
    set.levels.map((level) => [
      `${level.level} ${REPAIR_LEVEL_NAMES[level.level].zh}${mark(level.confirmed)}`,
      level.shown ? 'yes' : 'no',
      months(level.minimumMonths),
      months(level.maximumMonths),
      level.repairable ? 'yes' : 'never',
      level.conditions.join(', ') || '–',
    ]),
  );
}

function mapping(set: RuleSet): string {
  const { severityLevels: bySeverity } = set;
  const severities = ([0, 1, 2, 3] as Severity[]).map((severity) => `${severity} → ${bySeverity[severity]}`);
  return [
    `- Kinds not named below: ${set.baseLevel}.`,
    `- At least, by the source’s severity: ${severities.join(', ')}${mark(bySeverity.confirmed)}. ${bySeverity.note.en} ${bySeverity.note.zh}`,
    ...set.kindLevels.map(
      (rule) =>
        `- ${rule.level}: ${kindNames(rule.kinds)}; ${domainNames(rule.domains)}${mark(rule.confirmed)}. ${rule.note.en} ${rule.note.zh}`,
    ),
    ...set.longerMinimums.map(
      (rule) =>
        `- Minimum ${months(rule.minimumMonths)}: ${domainNames(rule.domains)}${mark(rule.confirmed)}. ${rule.note.en} ${rule.note.zh}`,
    ),
    ...set.listings.map(
      (rule) => `- ${kindNames(rule.kinds)}${mark(rule.confirmed)}. ${rule.note.en} ${rule.note.zh}`,
    ),
    ...set.notes.map((note) => `- ${note.text.en} ${note.text.zh}${mark(note.confirmed)}`),
  ].join('\n');
}

function unseen(set: RuleSet): string {
  return set.notInOurData
    .map(({ text, statedBy, confirmed }) => {
      const who = statedBy ? `The source states it (\`${statedBy}\`).` : 'Nobody can state it yet.';
      return `- ${text.en} ${text.zh} ${who}${mark(confirmed)}`;
    })
    .join('\n');
}

/** For every kind and severity, in an area without rules of its own and in food and drugs. */
function cases(set: RuleSet): string {
  const decisionDay = dayOfDate('2026-04-20');
  const cell = (kind: number, severity: Severity, domain: number): string => {
    const terms = repairTerms(set, { kind, domain, severity, decisionDay, until: OPEN_END });
    const repair = terms.earliestRepairDay === null ? 'never' : dateOfDay(terms.earliestRepairDay);
    const end = terms.publicUntilDay === OPEN_END ? 'as listed' : dateOfDay(terms.publicUntilDay);
    return `${repair} / ${terms.shown ? end : 'not shown'}`;
  };
  const rows = CATALOGUE.kinds
    .filter((kind) => kind.class === 1)
    .map(({ code, name }) => [
      `${code} ${name.zh}`,
      cell(code, 1, 3),
      cell(code, 3, 3),
      cell(code, 1, 4),
      cell(code, 3, 4),
    ]);
  return table(['kind', '一般, transport', '严重, transport', '一般, food', '严重, food'], rows);
}

const sections = RULE_SETS.map(
  (set) => `## ${set.id}, from ${dateOfDay(set.fromDay)}

${set.name.zh}. ${set.name.en}.

${levels(set)}

Which record has which level:

${mapping(set)}

What the records cannot show:

${unseen(set)}

A decision of 2026-04-20 under these rules: first day of repair / last day of publicity.

${cases(set)}
`,
);
const text = [HEAD, ...sections].join('\n');

const url = new URL('../docs/processes/rules.md', import.meta.url);
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
    process.stderr.write('docs/processes/rules.md is out of date: run scripts/make-rules.ts\n');
    process.exitCode = 1;
  } else {
    mkdirSync(new URL('.', url), { recursive: true });
    writeFileSync(url, text);
    process.stderr.write('wrote docs/processes/rules.md\n');
  }
}
