import type { Endpoint } from '../endpoint.ts';
import { answerEndpoints } from './answers.ts';
import { caseEndpoints } from './cases.ts';
import { filingEndpoints, pledgeEndpoints } from './filings.ts';
import { intakeEndpoints } from './intake.ts';
import { ledgerEndpoints } from './ledger.ts';
import { letterEndpoints } from './letters.ts';
import { memberEndpoints } from './members.ts';
import { publicityEndpoints } from './publicity.ts';
import { subjectEndpoints } from './subjects.ts';
import { systemEndpoints } from './system.ts';

/** Every endpoint of the API: routers, description, role table and tests are made from this list. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...systemEndpoints,
  ...intakeEndpoints,
  ...ledgerEndpoints,
  ...answerEndpoints,
  ...letterEndpoints,
  ...filingEndpoints,
  ...pledgeEndpoints,
  ...memberEndpoints,
  ...publicityEndpoints,
  ...subjectEndpoints,
  ...caseEndpoints,
];
