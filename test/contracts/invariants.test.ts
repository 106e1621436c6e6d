import { expect } from 'chai';
import { ZeroHash } from 'ethers';
import { EMPTY_ROOT, toBytes32 } from '@credit-ledger/sdk/protocol';
import { fixedOf, keysOf, type Step, Storm, termsOf } from './support/storm.ts';
import { networkHelpers, STANDING } from './support/world.ts';

const HISTORIES = 60;
const STEPS = 100;
/** State is walked through so often; what may never change again is broken then as well. */
const EVERY = 20;
const FIRST_SEED = 20_261_127;

/** What an invariant is held against: the storm so far, and its last step. */
type Check = (storm: Storm, step: Step) => Promise<string | undefined>;

/** After every call of these kinds that was taken. */
const AFTER_EACH: Readonly<Record<string, { readonly of: readonly string[]; readonly check: Check }>> = {
  'INV-R1 only the operator key of its owner appends to a register': {
    of: ['append'],
    check: async ({ world }, { caller, about, blockNumber }) => {
      const owner = await world.registers.ownerOf(about['registerId'] as bigint);
      const key = await world.consortium.operatorAt(owner, blockNumber);
      return key === caller ? undefined : `${caller} appended for member ${owner}`;
    },
  },
  'INV-W1 only a witness key of another member attests or objects': {
    of: ['attest', 'object'],
    check: async ({ world, batches }, step) => {
      const member = await memberOfWitness(world, step.caller, step.blockNumber);
      const batch = batches.find(({ batchHash }) => batchHash === step.about['batchHash']);
      const owner = await world.registers.ownerOf(batch?.registerId ?? 0n);
      return member !== 0n && member !== owner ? undefined : `member ${member} on a batch of ${owner}`;
    },
  },
  'INV-A1 only the owner logs, and only what the operator key of the requester has signed': {
    of: ['log', 'refuse'],
    check: async ({ world }, step) => {
      const request = step.about['request'] as { requester: bigint; registerId: bigint };
      const owner = await world.registers.ownerOf(request.registerId);
      const logged = await world.consortium.operatorAt(owner, step.blockNumber);
      const signed = await world.consortium.operatorAt(request.requester, step.blockNumber);
      return logged === step.caller && signed === step.about['signer']
        ? undefined
        : JSON.stringify(step.caller);
    },
  },
  'INV-G1 only the grantor revokes': {
    of: ['revoke'],
    check: async ({ world }, { caller, about, blockNumber }) => {
      const { grantor } = await world.grants.grant(about['grantId'] as string);
      const key = await world.consortium.operatorAt(grantor, blockNumber);
      return key === caller ? undefined : `${caller} revoked a grant of ${grantor}`;
    },
  },
  'INV-C1 what the council alone may do is done by nobody directly': {
    of: ['direct'],
    check: async (_, { taken, caller }) => (taken ? `${caller} did it` : undefined),
  },
  'INV-C2 what the council decides has the approval of two seats': {
    of: ['approve'],
    check: async ({ world }, { about }) => {
      const { consortium } = world;
      const proposalId = about['proposal'] as bigint;
      if (!(await consortium.proposal(proposalId)).executed) return undefined;
      // By what happened, not by who has a seat now: the decision may have changed a seat.
      const regions = new Set<bigint>();
      const { ProposalApproved, ApprovalWithdrawn } = consortium.filters;
      const approvals = (await consortium.queryFilter(ProposalApproved(proposalId))).map((event) => ({
        ...{ at: event.blockNumber, region: event.args.region, given: true },
      }));
      const withdrawals = (await consortium.queryFilter(ApprovalWithdrawn(proposalId))).map((event) => ({
        ...{ at: event.blockNumber, region: event.args.region, given: false },
      }));
      for (const { region, given } of [...approvals, ...withdrawals].sort((a, b) => a.at - b.at)) {
        if (given) regions.add(region);
        else regions.delete(region);
      }
      return regions.size >= 2 ? undefined : `proposal ${proposalId} with ${regions.size}`;
    },
  },
};

/** Every so many steps, over everything that there is. */
const OVER_ALL: Readonly<Record<string, Check>> = {
  'INV-R2 a batch that came is never another, nor gone': async ({ world, batches }) => {
    for (const known of batches) {
      const batch = await world.registers.batch(known.registerId, known.seq);
      if (fixedOf(batch as never) !== known.fixed) return `batch ${known.registerId}/${known.seq}`;
    }
    return undefined;
  },
  'INV-R3 what stands is one chain of roots from the empty one, without gap or annulled batch, and its sizes add up':
    async ({ world: { registers } }) => {
      for (let id = 1n; id <= (await registers.registerCount()); id += 1n) {
        const { headSeq, root, size } = await registers.register(id);
        let [seq, expected, total, position] = [headSeq, root, 0n, undefined as bigint | undefined];
        while (seq !== 0n) {
          const batch = await registers.batch(id, seq);
          if (batch.newRoot !== expected || batch.annulled) return `register ${id}: batch ${seq}`;
          if (position !== undefined && batch.position !== position - 1n)
            return `register ${id}: place of ${seq}`;
          [seq, expected, total, position] = [
            batch.prevSeq,
            batch.prevRoot,
            total + batch.size,
            batch.position,
          ];
        }
        if (expected !== toBytes32(EMPTY_ROOT)) return `register ${id} does not begin with the empty root`;
        if (total !== size) return `register ${id}: ${total} entries, said to be ${size}`;
      }
      return undefined;
    },
  'INV-R4 a root is never used twice in one register': async ({ batches }) => {
    const roots = batches.map(({ registerId, fixed }) => `${registerId} ${fixed.split(' ')[4] ?? ''}`);
    const twice = roots.find((root, i) => roots.indexOf(root) !== i);
    return twice;
  },
  'INV-R5 a commitment to a secret opens one register': async ({ world: { registers } }) => {
    const count = Number(await registers.registerCount());
    const commits = await Promise.all(
      Array.from({ length: count }, async (_, i) => (await registers.register(i + 1)).secretCommit),
    );
    return commits.find((commit, i) => commits.indexOf(commit) !== i);
  },
  'INV-W2 no attestation of the owner or its region counts; witnessed is what has those of others': async ({
    world: { registers, consortium },
    batches,
  }) => {
    for (const { registerId, seq, batchHash } of batches) {
      const batch = await registers.batch(registerId, seq);
      const owner = await registers.ownerOf(registerId);
      if (await registers.hasAttested(batchHash, owner)) return `the owner attested ${seq}`;
      const [, region] = await consortium.roleAndRegion(owner);
      const own = 1n << (await consortium.regionIndex(region));
      if ((BigInt(batch.regionsAttested) & own) !== 0n) return `the owner’s region counts for ${seq}`;
      if (batch.witnessed && batch.regionsAttested === 0n) return `${seq} is witnessed by nobody`;
    }
    return undefined;
  },
  'INV-W3 nothing rests on a batch that is contested or annulled': async ({
    world: { registers },
    batches,
  }) => {
    for (const { registerId, seq, batchHash } of batches) {
      const batch = await registers.batch(registerId, seq);
      if (!batch.contested && !batch.annulled) continue;
      const [standing] = await registers.usable(registerId, batchHash);
      if (standing !== STANDING.notUsable) return `${seq} is usable as ${standing}`;
    }
    return undefined;
  },
  'INV-A2 an entry of the log is never another, nor gone': async ({ world: { answerLog }, entryHashes }) => {
    for (const [i, hash] of entryHashes.entries()) {
      if ((await answerLog.entryHash(i + 1)) !== hash) return `entry ${i + 1}`;
    }
    return undefined;
  },
  'INV-A3 a request is answered or refused once, and what is answered rests on a batch of its register':
    async ({ world: { answerLog, registers }, entryHashes }) => {
      const seen = new Set<string>();
      for (let i = 1; i <= entryHashes.length; i += 1) {
        const { request, refusalCode, batchHash, standing } = await answerLog.entry(i);
        const key = [request.registerId, request.grantId, request.requester, request.requestId].join(' ');
        if (seen.has(key)) return `${key} twice`;
        seen.add(key);
        if (refusalCode !== 0n || batchHash === ZeroHash) continue;
        const [registerId] = await registers.batchByHash(batchHash);
        if (registerId !== request.registerId || standing === STANDING.notUsable) return `entry ${i}`;
      }
      return undefined;
    },
  'INV-G2 the terms of a grant never change, its uses are the answers under it, and never too many': async ({
    world: { grants, answerLog },
    grantTerms,
    entryHashes,
  }) => {
    const uses = new Map<string, bigint>();
    for (let i = 1; i <= entryHashes.length; i += 1) {
      const { request, refusalCode } = await answerLog.entry(i);
      if (refusalCode === 0n) uses.set(request.grantId, (uses.get(request.grantId) ?? 0n) + 1n);
    }
    for (const [grantId, terms] of grantTerms) {
      const grant = await grants.grant(grantId);
      if (termsOf(grant as never) !== terms) return `terms of ${grantId}`;
      if (grant.uses !== (uses.get(grantId) ?? 0n)) return `uses of ${grantId}`;
      if (grant.maxUses !== 0n && grant.uses > grant.maxUses) return `too many uses of ${grantId}`;
    }
    return undefined;
  },
  'INV-C3 the keys that a member had in a past block are never others': async ({ world, keysAt }) => {
    for (const { memberId, block, keys } of keysAt) {
      if ((await keysOf(world, memberId, block)) !== keys) return `member ${memberId} in block ${block}`;
    }
    return undefined;
  },
  'INV-C4 no key acts for two members, nor in two roles': async ({ world: { consortium } }) => {
    const block = await networkHelpers.time.latestBlock();
    const seen = new Map<string, string>();
    const count = Number(await consortium.memberCount());
    for (let id = 1; id <= count; id += 1) {
      for (const [role, key] of [
        ['operator', await consortium.operatorAt(id, block)],
        ['witness', await consortium.witnessAt(id, block)],
      ] as const) {
        if (BigInt(key) === 0n) continue;
        const other = seen.get(key);
        if (other !== undefined) return `${key} is ${other} and ${role} of ${id}`;
        seen.set(key, `${role} of ${id}`);
      }
    }
    return undefined;
  },
};

describe(`Invariants of the contracts, under ${HISTORIES * STEPS} calls at random by good and bad members`, function () {
  this.timeout(900_000);
  const broken = new Map<string, string>();
  const checked = new Map<string, number>();
  const taken = new Map<string, number>();
  const refused = new Map<string, number>();

  before(async () => {
    const hold = async (name: string, check: Check, storm: Storm, step: Step, where: string) => {
      checked.set(name, (checked.get(name) ?? 0) + 1);
      const problem = await check(storm, step);
      if (problem !== undefined && !broken.has(name)) broken.set(name, `${where}: ${problem}`);
    };
    for (let history = 0; history < HISTORIES; history += 1) {
      const storm = await Storm.begin(FIRST_SEED + history);
      for (let i = 1; i <= STEPS; i += 1) {
        const step = await storm.step();
        const counts = step.taken ? taken : refused;
        counts.set(step.kind, (counts.get(step.kind) ?? 0) + 1);
        const where = `seed ${FIRST_SEED + history}, step ${i} (${step.kind})`;
        for (const [name, { of, check }] of Object.entries(AFTER_EACH)) {
          // What the council alone may do is held against every attempt, the rest against what was taken.
          if (of.includes(step.kind) && (step.taken || step.kind === 'direct'))
            await hold(name, check, storm, step, where);
        }
        if (i % EVERY !== 0) continue;
        for (const [name, check] of Object.entries(OVER_ALL)) await hold(name, check, storm, step, where);
      }
    }
  });

  for (const name of [...Object.keys(AFTER_EACH), ...Object.keys(OVER_ALL)]) {
    it(name, () => {
      expect(checked.get(name) ?? 0, 'how often it was held').to.be.greaterThan(20);
      expect(broken.get(name)).to.equal(undefined);
    });
  }

  it('and the storm was one: every kind of call was taken, and every kind was refused', () => {
    const mayBeTaken = [
      'open',
      'append',
      'attest',
      'object',
      'heartbeat',
      'give',
      'revoke',
      'log',
      'refuse',
      'lodge',
    ];
    for (const kind of [...mayBeTaken, 'propose', 'approve', 'withdraw'])
      expect(taken.get(kind) ?? 0, `${kind} taken`).to.be.greaterThan(5);
    for (const kind of [
      ...mayBeTaken,
      'denyReceipt',
      'markOverdue',
      'propose',
      'approve',
      'withdraw',
      'direct',
    ])
      expect(refused.get(kind) ?? 0, `${kind} refused`).to.be.greaterThan(5);
  });
});

/** 0 for nobody's. Whose key it was in a block, also when it is nobody's since. */
async function memberOfWitness(world: Storm['world'], key: string, block: bigint): Promise<bigint> {
  const count = Number(await world.consortium.memberCount());
  for (let id = 1; id <= count; id += 1) {
    if ((await world.consortium.witnessAt(id, block)) === key) return BigInt(id);
  }
  return 0n;
}
