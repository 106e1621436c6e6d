import { type Database, EventStore } from '../store/index.ts';

/** Authority among the roles of the consortium. */
const AUTHORITY = '1';

/** Who this node is among the members, as the followed events say. */
export interface OwnMembership {
  readonly memberId: bigint;
  /** Whether it may attest and object now: an authority that is neither suspended nor gone. */
  readonly mayWitness: boolean;
}

const NO_KEY = '0x0000000000000000000000000000000000000000';

/** The keys that a node holds, also those of the past: the council may have changed them since. */
export interface OwnAddresses {
  readonly witness: readonly string[];
  readonly operator?: readonly string[];
}

/**
 * The member whose witness key is one of these; undefined before it is admitted. Requesters and associations have
 * none on chain: such a member is known by its operator key, and as none that may witness. An authority is
 * not: a node that holds its operator key alone is not the one that the council admitted.
 */
export async function membershipOf(
  db: Database,
  { witness, operator = [] }: OwnAddresses,
): Promise<OwnMembership | undefined> {
  const events = await new EventStore(db).events({
    contract: 'Consortium',
    names: ['MemberAdmitted', 'KeysChanged', 'MemberSuspended', 'MemberReinstated', 'MemberRemoved'],
  });
  const ours =
    events.findLast(({ args }) => isOneOf(args['witness'], witness)) ??
    events.findLast(({ args }) => String(args['witness']) === NO_KEY && isOneOf(args['operator'], operator));
  if (ours === undefined) return undefined;
  const memberId = BigInt(String(ours.args['memberId']));
  const about = events.filter(({ args }) => String(args['memberId']) === memberId.toString());
  const role = about.find(({ name }) => name === 'MemberAdmitted')?.args['role'];
  const status = about.findLast(({ name }) => name !== 'KeysChanged')?.name;
  return {
    memberId,
    mayWitness: String(role) === AUTHORITY && (status === 'MemberAdmitted' || status === 'MemberReinstated'),
  };
}

function isOneOf(address: unknown, ours: readonly string[]): boolean {
  const lower = String(address).toLowerCase();
  return ours.some((each) => each.toLowerCase() === lower);
}

/** The registers that a member has opened. */
export async function registersOf(db: Database, memberId: bigint): Promise<bigint[]> {
  const opened = await new EventStore(db).events({ names: ['RegisterOpened'] });
  return opened
    .filter(({ args }) => String(args['owner']) === memberId.toString())
    .map(({ args }) => BigInt(String(args['registerId'])));
}
