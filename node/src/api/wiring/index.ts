import { UserStore } from '../../store/users.ts';
import { Tokens } from '../auth.ts';
import type { Rooms } from '../rooms.ts';
import type { NodeServices } from '../services.ts';
import { Answers, Questions } from './answers.ts';
import { Backups } from './backups.ts';
import { Cases } from './cases.ts';
import { Checks } from './checks.ts';
import { FilingsOf, PledgesOf } from './filings.ts';
import { Health } from './health.ts';
import { Imports } from './intake.ts';
import { BetweenMembers, CheckpointsOf, Grants, Ledger, Registers } from './ledger.ts';
import { LettersOf } from './letters.ts';
import { PublicityOf } from './publicity.ts';
import { Records } from './records.ts';
import { Subjects } from './subjects.ts';

/** What the routers can ask, done by the rooms. */
export function servicesOf(
  rooms: Rooms,
): NodeServices & { readonly imports: Imports; readonly checks: Checks } {
  const checks = new Checks(rooms);
  const users = new UserStore(rooms.db);
  return {
    users,
    tokens: new Tokens(users, rooms.keyring, rooms.clock),
    imports: new Imports(rooms),
    records: new Records(rooms),
    registers: new Registers(rooms),
    grants: new Grants(rooms),
    questions: new Questions(rooms),
    answers: new Answers(rooms),
    checkpoints: new CheckpointsOf(rooms),
    ledger: new Ledger(rooms),
    members: new BetweenMembers(rooms),
    publicity: new PublicityOf(rooms),
    subjects: new Subjects(rooms),
    cases: new Cases(rooms),
    letters: new LettersOf(rooms),
    filings: new FilingsOf(rooms),
    pledges: new PledgesOf(rooms),
    health: new Health(rooms, checks),
    backups: new Backups(rooms),
    checks,
  };
}
