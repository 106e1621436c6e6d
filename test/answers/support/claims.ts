import {
  bodyOf,
  type CircuitInput,
  circuitInput,
  type ClaimWitness,
  type Content,
  type Context,
  type Day,
  dayOfDate,
  evaluate,
  findPredicate,
  LEDGER_CLASS,
  type Nonce,
  OP,
  organisationCheck,
  type OpenedEntry,
  OPEN_END,
  packEntry,
  parseUscc,
  predicateHashOf,
  RegisterTree,
  type RegisterSecret,
  secretCommitOf,
  SEVERITY,
  sortForBatch,
  subjectKeyOf,
  subjectTagOf,
  type Uscc,
  usccCheckCharacter,
} from '@credit-ledger/sdk/protocol';

export const TODAY = dayOfDate('2026-11-23');
export const SECRET = 0x5ec2e7n as RegisterSecret;
/** A valid code of a company that does not exist. */
export function madeUpUscc(prefix: string, organisation: string): Uscc {
  const first17 = prefix + organisation + organisationCheck(organisation);
  return parseUscc(first17 + usccCheckCharacter(first17));
}

export const SUBJECT = madeUpUscc('91110000', 'MA0A0001');
export const OTHER_SUBJECT = madeUpUscc('91120000', 'MA0B0002');
export const PREDICATE = findPredicate('bank-credit-review', 'no-severe-default').predicate;

/** A severe penalty of a day, in force for ever. */
export function severePenalty(day: Day = TODAY, content = 77n): OpenedEntry {
  return {
    op: OP.RECORD,
    packed: packEntry(OP.RECORD, {
      kind: 1,
      domain: 1,
      severity: SEVERITY.severe,
      day,
      until: OPEN_END,
      amountFen: 100_000n,
      ref: 0,
    }),
    content: content as Content,
  };
}

/** A register that holds these chains of its adverse class. */
export function registerOf(chains: ReadonlyMap<string, readonly OpenedEntry[]>): RegisterTree {
  const tree = new RegisterTree();
  const entries = [...chains].flatMap(([uscc, chain]) =>
    chain.map((entry) => ({
      key: subjectKeyOf(parseUscc(uscc), LEDGER_CLASS.adverse, SECRET),
      op: entry.op,
      body: bodyOf(entry.packed, entry.content),
    })),
  );
  if (entries.length > 0) tree.append(sortForBatch(entries), 1);
  return tree;
}

/** What an honest authority proves about SUBJECT in a register with one other subject. */
export function claimWitness(chain: readonly OpenedEntry[] = [severePenalty()]): ClaimWitness {
  const tree = registerOf(
    new Map([
      [SUBJECT, chain],
      [OTHER_SUBJECT, [severePenalty()]],
    ]),
  );
  return {
    size: 8,
    uscc: SUBJECT,
    secret: SECRET,
    nonce: 4711n as Nonce,
    predicate: PREDICATE,
    chain,
    path: tree.path(subjectKeyOf(SUBJECT, PREDICATE.class, SECRET)),
    root: tree.root(),
    asOfDay: TODAY,
    context: 815n as Context,
  };
}

export function claimInput(): CircuitInput {
  return circuitInput(claimWitness());
}

/** The public signals that claimInput must give. */
export function claimSignals(): bigint[] {
  const witness = claimWitness();
  const { answer, disputed } = evaluate(witness.predicate, witness.chain, witness.asOfDay);
  return [
    BigInt(answer),
    BigInt(disputed),
    witness.root,
    secretCommitOf(witness.secret),
    subjectTagOf(witness.uscc, witness.nonce),
    predicateHashOf(witness.predicate),
    BigInt(witness.asOfDay),
    witness.context,
  ];
}
