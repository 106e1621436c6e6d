import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  BINDING_TRANSITIONS,
  CASE_TRANSITIONS,
  CONSENT_TRANSITIONS,
  FILING_TRANSITIONS,
  LETTER_TRANSITIONS,
  PLEDGE_TRANSITIONS,
} from '@credit-ledger/sdk/protocol';
import {
  commitmentItemsAbi,
  commitmentLettersAbi,
  incompleteFilingsAbi,
  workingCalendarAbi,
} from '../../sdk/src/chain/abi/index.ts';

/** One step of a process, as every table of steps in the SDK has it. */
interface Transition {
  readonly action: string;
  readonly from: string;
  readonly to: string;
  readonly by: string;
}

/** Where a page shows the steps of a process, and the table that they must be. */
const TABLES: readonly {
  readonly page: string;
  readonly heading: string;
  readonly steps: readonly Transition[];
}[] = [
  {
    page: 'cases.md',
    heading: 'Disputes',
    steps: CASE_TRANSITIONS.filter((step) => step.caseType === 'dispute'),
  },
  {
    page: 'cases.md',
    heading: 'Repairs',
    steps: CASE_TRANSITIONS.filter((step) => step.caseType === 'repair'),
  },
  { page: 'consents.md', heading: 'Bindings', steps: BINDING_TRANSITIONS },
  { page: 'consents.md', heading: 'Consents', steps: CONSENT_TRANSITIONS },
  { page: 'letters.md', heading: 'Steps', steps: LETTER_TRANSITIONS },
  { page: 'filings.md', heading: 'Steps', steps: FILING_TRANSITIONS },
  { page: 'pledges.md', heading: 'Steps', steps: PLEDGE_TRANSITIONS },
];

const pageOf = (page: string): string =>
  readFileSync(new URL(`../../docs/processes/${page}`, import.meta.url), 'utf8');

/** The table of steps under a heading: its lines between the header with these names and the next empty line. */
function stepsUnder(text: string, heading: string): string[][] {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  const lines = section.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const header = lines.findIndex((cells) => cells.join() === 'from,step,by,to');
  if (header < 0) return [];
  const rows = lines.slice(header + 2);
  return rows.slice(
    0,
    rows.findIndex((cells) => cells.length === 0),
  );
}

/** Where a page names the errors of contracts, and the interfaces that have them: none may be left out. */
const REFUSALS = [
  { page: 'letters.md', abis: [commitmentItemsAbi, commitmentLettersAbi] },
  { page: 'filings.md', abis: [incompleteFilingsAbi, workingCalendarAbi] },
] as const;

describe('The pages of the processes', () => {
  for (const { page, heading, steps } of TABLES) {
    it(`${page}, ${heading}: the table is the SDK’s, to which the contract is held`, () => {
      expect(stepsUnder(pageOf(page), heading)).to.deep.equal(
        steps.map(({ from, action, by, to }) => [from, action, by, to]),
      );
    });
  }

  for (const { page, abis } of REFUSALS) {
    it(`${page} says of every error when it comes`, () => {
      const section =
        pageOf(page)
          .split(/^## /m)
          .find((part) => part.startsWith('Refusals\n')) ?? '';
      const named = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name);
      const errors = abis.flatMap((abi) =>
        abi.filter(({ type }) => type === 'error').map(({ name }) => name),
      );
      expect(errors.length).to.be.greaterThan(10);
      const missing = errors.filter((error) => !named.includes(error));
      expect(missing).to.deep.equal([]);
    });
  }
});
