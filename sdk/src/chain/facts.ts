import { keccak256, stringToBytes } from 'viem';
import { type ChainFacts, STANDINGS } from '../answer/index.ts';
import { GATEWAYS, type Hex } from '../protocol/index.ts';
import { lowerCase } from './deployment.ts';
import { asked, type LedgerView, noneIf } from './view.ts';

/** The names under which the council puts contracts in force. */
export const CONTRACT_NAMES = {
  registers: keccak256(stringToBytes('CreditRegisters')),
  applications: keccak256(stringToBytes('ApplicationList')),
  grants: keccak256(stringToBytes('SharingGrants')),
  answerLog: keccak256(stringToBytes('AnswerLog')),
} as const;

const NO_ADDRESS = '0x0000000000000000000000000000000000000000';

function someAddress(address: Hex): Hex | undefined {
  return address === NO_ADDRESS ? undefined : lowerCase(address);
}

/**
 * What verification asks, from any JSON-RPC endpoint: current state only, so no archive is needed.
 * Every promise that is rejected is a LedgerError CHAIN_UNREACHABLE.
 */
export function chainFacts(view: LedgerView): ChainFacts {
  const { consortium, registers, applications, grants, answerLog } = view;
  return {
    chainId: async () => BigInt(await asked(view.client.getChainId())),

    answerLogAt: async (blockNumber) =>
      someAddress(await asked(consortium.read.contractAt([CONTRACT_NAMES.answerLog, blockNumber]))),

    logEntry: async (logId) => {
      const entry = await noneIf(answerLog.read.entry([logId]), 'UnknownLogEntry');
      return (
        entry && {
          requestDigest: entry.requestDigest,
          registerId: entry.request.registerId,
          batchHash: entry.batchHash,
          seq: entry.seq,
          standing: STANDINGS[entry.standing] ?? 'not-usable',
          circuitId: entry.circuitId,
          answerCommitment: entry.answerCommitment,
          refusalCode: entry.refusalCode,
          time: entry.time,
          blockNumber: entry.blockNumber,
        }
      );
    },

    register: async (registerId) => {
      const found = await noneIf(registers.read.register([registerId]), 'UnknownRegister');
      return (
        found && {
          owner: found.owner,
          secretCommit: BigInt(found.secretCommit),
          promiseSeconds: found.promiseSeconds,
        }
      );
    },

    registersOf: (memberId) => asked(registers.read.registersOf([memberId])),

    batch: async (registerId, seq) => {
      const found = await noneIf(
        registers.read.batch([registerId, seq]),
        'UnknownRegister',
        'UnknownBatchSeq',
      );
      return (
        found && {
          batchHash: found.batchHash,
          root: BigInt(found.newRoot),
          witnessed: found.witnessed,
          contested: found.contested,
          annulled: found.annulled,
          supersededAt: found.supersededAt,
          lastStoodAt: found.lastStoodAt,
        }
      );
    },

    operatorAt: async (memberId, blockNumber) => {
      const key = await noneIf(consortium.read.operatorAt([memberId, blockNumber]), 'UnknownMember');
      return key && someAddress(key);
    },

    circuit: async (circuitId) => {
      const [size, verifier, fromBlock, toBlock] = await asked(consortium.read.circuit([circuitId]));
      return someAddress(verifier) && { size, fromBlock, toBlock };
    },

    grant: async (grantId) => {
      const found = await asked(grants.read.grant([grantId]));
      if (found.grantor === 0n) return undefined;
      return {
        grantor: found.grantor,
        grantee: { kind: found.granteeKind === 1 ? 'member' : 'region', id: found.grantee },
        applicationId: found.applicationId,
        classes: found.classes,
        validFrom: found.validFrom,
        validUntil: found.validUntil,
        revokedAt: found.revokedAt,
        uses: found.uses,
      };
    },

    listedPredicate: async (applicationId, version, predicateHash) => {
      const [application, [listed, , circuits]] = await asked(
        Promise.all([
          applications.read.applicationAt([applicationId, version]),
          applications.read.predicate([applicationId, version, predicateHash]),
        ]),
      );
      const gateway = GATEWAYS[application.gateway];
      return application.version === 0 || gateway === undefined ? undefined : { listed, circuits, gateway };
    },
  };
}
