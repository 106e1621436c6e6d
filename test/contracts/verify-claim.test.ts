import { expect } from 'chai';
import { network } from 'hardhat';
import { BASE_FIELD_MODULUS, CATALOGUE, catalogueHash, FIELD_MODULUS } from '@credit-ledger/sdk/protocol';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';
import { contractName } from '../../scripts/lib/found.ts';
import { type SolidityProof, stageClaim, type StagedClaim } from '../../scripts/lib/stage-claim.ts';
import { answerLogAbi, applicationListAbi, consortiumAbi } from '../../sdk/src/chain/abi/index.ts';

type Coordinates = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

describe('A ledger deployed with Ignition and founded by its council', () => {
  let staged: StagedClaim;
  let close: () => Promise<void>;
  before(async () => {
    const server = await network.createServer('default', '127.0.0.1');
    const { address, port } = await server.listen();
    close = () => server.close();
    staged = await stageClaim(`http://${address}:${port}`);
  });
  after(async () => {
    await close();
    await endSnarkWorkers();
  });

  const verify = (
    answer: boolean,
    disputed: boolean,
    proof: SolidityProof = staged.proof,
  ): Promise<boolean> =>
    staged.client.readContract({
      address: staged.deployment.answerLog,
      abi: answerLogAbi,
      functionName: 'verifyClaim',
      args: [staged.logId, answer, disputed, proof],
    });
  const coordinates = ({ a, b, c }: SolidityProof): Coordinates => [...a, ...b[0], ...b[1], ...c];
  const proofOf = (p: Coordinates): SolidityProof => ({
    a: [p[0], p[1]],
    b: [
      [p[2], p[3]],
      [p[4], p[5]],
    ],
    c: [p[6], p[7]],
  });

  describe('verifyClaim with the real verifier and a real proof', () => {
    it('is true for the answer that was proved: a severe penalty, so NO', async () => {
      expect([staged.answer, staged.disputed]).to.deep.equal([false, false]);
      expect(await verify(false, false)).to.equal(true);
    });

    it('is false for any other answer', async () => {
      expect(await verify(true, false)).to.equal(false);
      expect(await verify(false, true)).to.equal(false);
      expect(await verify(true, true)).to.equal(false);
    });

    it('is false when any coordinate of the proof is changed, or is not below q', async () => {
      const right = coordinates(staged.proof);
      for (let i = 0; i < right.length; i += 1) {
        for (const change of [1n, BASE_FIELD_MODULUS, -(right[i] ?? 0n)]) {
          const wrong = right.map((value, j) => (i === j ? value + change : value)) as Coordinates;
          expect(await verify(false, false, proofOf(wrong)), `coordinate ${i} changed by ${change}`).to.equal(
            false,
          );
        }
      }
    });

    it('is false for a proof with B in the wrong order, or with A and C exchanged', async () => {
      const { a, b, c } = staged.proof;
      const swapped: SolidityProof['b'] = [
        [b[0][1], b[0][0]],
        [b[1][1], b[1][0]],
      ];
      expect(await verify(false, false, { a, b: swapped, c })).to.equal(false);
      expect(await verify(false, false, { a: c, b, c: a })).to.equal(false);
    });

    it('takes signals below r that the contract computes itself as the circuit does', () => {
      expect(staged.signals.length).to.equal(8);
      for (const signal of staged.signals) expect(signal < FIELD_MODULUS).to.equal(true);
    });
  });

  describe('founding', () => {
    it('puts contracts, circuits and the catalogue in force, and admits the members', async () => {
      const { client, deployment } = staged;
      const read = { address: deployment.consortium, abi: consortiumAbi } as const;
      for (const [name, address] of [
        ['CreditRegisters', deployment.registers],
        ['ApplicationList', deployment.applications],
        ['SharingGrants', deployment.grants],
        ['AnswerLog', deployment.answerLog],
      ] as const) {
        const inForce = await client.readContract({
          ...read,
          functionName: 'contractInForce',
          args: [contractName(name)],
        });
        expect(inForce.toLowerCase()).to.equal(address.toLowerCase());
      }
      expect(deployment.circuits.map(({ size }) => size)).to.deep.equal([8, 40]);
      for (const { id, size, verifier } of deployment.circuits) {
        const [inForceSize, inForceVerifier] = await client.readContract({
          ...read,
          functionName: 'circuit',
          args: [id],
        });
        expect(inForceSize).to.equal(size);
        expect(inForceVerifier.toLowerCase()).to.equal(verifier.toLowerCase());
      }
      expect(await client.readContract({ ...read, functionName: 'catalogue' })).to.deep.equal([
        CATALOGUE.version,
        catalogueHash(),
      ]);
      expect(await client.readContract({ ...read, functionName: 'memberCount' })).to.equal(3n);
    });

    it('publishes every application of the catalogue', async () => {
      const { client, deployment } = staged;
      for (const application of CATALOGUE.applications) {
        const view = await client.readContract({
          address: deployment.applications,
          abi: applicationListAbi,
          functionName: 'application',
          args: [application.id],
        });
        expect([
          view.version,
          view.title,
          view.legalBasisHash,
          view.historicalDays,
          view.inForce,
        ]).to.deep.equal([
          1,
          application.name.zh,
          application.legalBasisHash,
          application.historicalDays,
          true,
        ]);
      }
    });

    it('keeps every contract below the size that chains accept', async () => {
      const { client, deployment } = staged;
      const { consortium, registers, applications, grants, answerLog, processes, verifiers } = deployment;
      for (const address of [
        consortium,
        registers,
        applications,
        grants,
        answerLog,
        ...Object.values(processes),
        ...Object.values(verifiers),
      ]) {
        const code = await client.getCode({ address });
        expect((code?.length ?? 0) / 2 - 1)
          .to.be.greaterThan(100)
          .and.at.most(24_576);
      }
    });
  });
});
