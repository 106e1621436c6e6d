import {
  buildAnswer,
  CHECKS,
  checkpointDigestOf,
  checkpointHash,
  type CreditAnswer,
  documentHash,
  domainOf,
  type NetworkFile,
  signedAnswer,
  signedCheckpoint,
  type Verification,
  verifyAnswer,
  verifyAuthorityAnswers,
} from '@credit-ledger/sdk/answer';
import {
  answerLogAbi,
  applicationListAbi,
  type AuditCheck,
  auditChain,
  type AuditReport,
  chainFacts,
  consortiumAbi,
  creditRegistersAbi,
  decodeLedgerLog,
  ledgerEvents,
  LedgerView,
  makeCheckpoint,
  makeNetworkFile,
  sharingGrantsAbi,
} from '@credit-ledger/sdk/chain';
import {
  ANSWER_TYPES,
  answerCommitmentOf,
  batchHash,
  bodyOf,
  circuitIdOf,
  circuitInput,
  contentOf,
  contextOf,
  type Day,
  dayAt,
  encodeEntry,
  entriesHash,
  type Entry,
  findApplication,
  findPredicate,
  type Hex,
  isLedgerError,
  ledgerDomain,
  OP,
  OPEN_END,
  type OpenedEntry,
  packEntry,
  predicateHashOf,
  randomNonce,
  randomSecret,
  type RegisterRoot,
  REQUEST_TYPES,
  RegisterTree,
  secretCommitOf,
  sortForBatch,
  subjectKeyOf,
  subjectTagOf,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import {
  type Abi,
  createPublicClient,
  createTestClient,
  encodeFunctionData,
  http,
  keccak256,
  type Log,
  type PublicClient,
  stringToBytes,
  type TestClient,
} from 'viem';
import {
  generatePrivateKey,
  mnemonicToAccount,
  privateKeyToAccount,
  type PrivateKeyAccount,
} from 'viem/accounts';
import { endSnarkWorkers, snarkjs } from '../../circuits/tools/snarkjs.ts';
import { type Anvil, ANVIL_MNEMONIC, startAnvil } from '../../scripts/lib/anvil.ts';
import { type Deployment, deployLedger } from '../../scripts/lib/deploy.ts';
import { decideInCouncil, foundLedger, fundAccounts } from '../../scripts/lib/found.ts';
import { company } from './support/companies.ts';
import { referenceCircuit } from './support/keys.ts';

const CIRCUITS = [referenceCircuit(8), referenceCircuit(40)];
const NO_HASH: Hex = `0x${'0'.repeat(64)}`;
const SUBJECT = company(4711);

const summary = (result: Verification): string =>
  result.checks.map((each) => `${each.check}=${each.verdict}/${each.reason}`).join(' ');

/** An authority with its keys and its register, without any of the node's machinery. */
interface Authority {
  readonly id: bigint;
  readonly operator: PrivateKeyAccount;
  readonly witness: PrivateKeyAccount;
  readonly secret: ReturnType<typeof randomSecret>;
  readonly tree: RegisterTree;
}

describe('the ledger on a chain', function () {
  this.timeout(120_000);
  let anvil: Anvil;
  let client: PublicClient;
  let machine: TestClient;
  let deployment: Deployment;
  let view: LedgerView;
  let network: NetworkFile;
  const seats = [0, 1, 2].map((addressIndex) => mnemonicToAccount(ANVIL_MNEMONIC, { addressIndex }));
  const [first, second, third] = seats;
  const authorities: Authority[] = [
    '北京市市场监督管理局（示例）',
    '天津市生态环境局（示例）',
    '河北省交通运输厅（示例）',
  ].map((_, i) => ({
    id: BigInt(i + 1),
    operator: privateKeyToAccount(generatePrivateKey()),
    witness: privateKeyToAccount(generatePrivateKey()),
    secret: randomSecret(),
    tree: new RegisterTree(),
  }));
  const [beijing, tianjin, hebei] = authorities as [Authority, Authority, Authority];

  async function send(
    from: PrivateKeyAccount,
    address: Hex,
    abi: Abi,
    functionName: string,
    args: readonly unknown[],
  ): Promise<{ blockNumber: bigint; transactionHash: Hex; logs: readonly Log<bigint, number, false>[] }> {
    await client.simulateContract({ account: from, address, abi, functionName, args });
    const request = await client.prepareTransactionRequest({
      account: from,
      to: address,
      data: encodeFunctionData({ abi, functionName, args }),
      chain: null,
    });
    const hash = await client.sendRawTransaction({
      serializedTransaction: await from.signTransaction({
        ...request,
        chainId: await client.getChainId(),
      } as never),
    });
    return client.waitForTransactionReceipt({ hash });
  }

  async function council(
    target: Hex,
    abi: Abi,
    functionName: string,
    args: readonly unknown[],
  ): Promise<void> {
    if (!first || !second) throw new Error('no seats');
    await decideInCouncil({
      rpcUrl: anvil.url,
      deployment,
      seats: [first, second],
      calls: [{ target, data: encodeFunctionData({ abi, functionName, args }) }],
      summary: functionName,
    });
  }

  const registers = (
    from: PrivateKeyAccount,
    name: string,
    ...args: readonly unknown[]
  ): ReturnType<typeof send> => send(from, deployment.registers, creditRegistersAbi, name, args);

  let entryCount = 0;
  function record(
    owner: Authority,
    severity: 0 | 1 | 2 | 3,
    uscc = SUBJECT,
  ): { entry: Entry; opened: OpenedEntry } {
    entryCount += 1;
    const opened: OpenedEntry = {
      op: OP.RECORD,
      packed: packEntry(OP.RECORD, {
        kind: 3,
        domain: 1,
        severity,
        day: 20_700 as Day,
        until: OPEN_END,
        amountFen: BigInt(entryCount),
        ref: 0,
      }),
      content: contentOf([
        { name: 'n', value: String(entryCount), salt: '0123456789abcdef0123456789abcdef' },
      ]),
    };
    const key = subjectKeyOf(uscc, 1, owner.secret);
    return { opened, entry: { key, op: opened.op, body: bodyOf(opened.packed, opened.content) } };
  }

  /** Anchors a batch, with the right root or with a lie. */
  async function anchor(owner: Authority, entries: readonly Entry[], lie?: RegisterRoot): Promise<Hex> {
    const sorted = sortForBatch(entries);
    const prevRoot = (await view.registers.read.register([owner.id])).root;
    const seq = (await lastSeq(owner)) + 1n;
    const { root } = owner.tree.append(sorted, Number(seq));
    const said = lie ?? root;
    await registers(owner.operator, 'append', owner.id, prevRoot, toBytes32(said), sorted.map(encodeEntry));
    return batchHash(owner.id, seq, BigInt(prevRoot) as RegisterRoot, said, entriesHash(sorted));
  }

  async function lastSeq(owner: Authority): Promise<bigint> {
    for (let seq = 1n; ; seq += 1n) {
      try {
        await view.registers.read.batch([owner.id, seq]);
      } catch {
        return seq - 1n;
      }
    }
  }

  const audit = (): Promise<AuditReport> => auditChain(client, deployment, { circuits: CIRCUITS });
  const told = (report: AuditReport): string =>
    report.checks
      .filter((each) => !each.holds)
      .map((each) => `${each.check}: ${each.differences.map((d) => d.message.en).join('; ')}`)
      .join('\n');
  const broken = (report: AuditReport): AuditCheck[] =>
    report.checks.filter((each) => !each.holds).map((each) => each.check);

  /** Runs something and puts the chain back to where it was. */
  async function undone(work: () => Promise<void>): Promise<void> {
    const snapshot = await machine.snapshot();
    const heads = authorities.map((each) => each.tree.seq);
    try {
      await work();
    } finally {
      await machine.revert({ id: snapshot });
      authorities.forEach((each, i) => each.tree.rollbackTo(heads[i] ?? 0));
    }
  }

  let answer: CreditAnswer;
  let expected: {
    subject: string;
    predicate: { application: string; predicate: string };
    asOfDay: number;
    requester: bigint;
    registerId: bigint;
    maxAgeSeconds: number;
  };

  before('a founded ledger with one logged answer', async () => {
    anvil = await startAnvil();
    client = createPublicClient({ transport: http(anvil.url), cacheTime: 0, pollingInterval: 20 });
    machine = createTestClient({ mode: 'anvil', transport: http(anvil.url) });
    if (!first || !second || !third) throw new Error('no seats');
    deployment = await deployLedger({
      rpcUrl: anvil.url,
      deployer: first,
      regions: [110000, 120000, 130000],
      seats: [first.address, second.address, third.address],
    });
    view = new LedgerView(client, deployment);
    await foundLedger({
      rpcUrl: anvil.url,
      deployment,
      seats: [first, second],
      members: authorities.map(({ operator, witness }, i) => ({
        name: `机构 ${i + 1}`,
        regionCode: [110100, 120100, 130100][i] ?? 0,
        creditCode: company(100 + i),
        role: 'authority',
        endpoint: '',
        operator: operator.address,
        witness: witness.address,
      })),
    });
    await fundAccounts(
      anvil.url,
      first,
      authorities.flatMap(({ operator, witness }) => [operator.address, witness.address]),
    );
    for (const { operator, secret } of authorities) {
      await registers(operator, 'open', toBytes32(secretCommitOf(secret)), 86_400);
    }
    const severe = record(beijing, 3);
    const hash = await anchor(beijing, [severe.entry, record(beijing, 1, company(5)).entry]);
    await registers(tianjin.witness, 'attest', [hash]);
    await registers(hebei.witness, 'attest', [hash]);
    network = await makeNetworkFile(view, CIRCUITS, 1_795_400_000);
    answer = await ask([severe.opened], hash, 1n);
  });

  after(async () => {
    await endSnarkWorkers();
    await anvil.stop();
  });

  /** Hebei asks Beijing: grant, request, proof, log, signature. */
  async function ask(chain: readonly OpenedEntry[], hash: Hex, seq: bigint): Promise<CreditAnswer> {
    const application = findApplication('procurement-qualification');
    const { predicate } = findPredicate('procurement-qualification', 'no-severe-default');
    const { timestamp } = await client.getBlock();
    const given = await send(beijing.operator, deployment.grants, sharingGrantsAbi, 'give', [
      {
        granteeKind: 2,
        grantee: 130000n,
        applicationId: application.id,
        classes: 0b10,
        validFrom: timestamp - 10n,
        validUntil: timestamp + 100_000n,
        maxUses: 3,
        consentRequired: false,
      },
    ]);
    const grantId = given.logs
      .map((log) => decodeLedgerLog(deployment, log))
      .flatMap((event) => (event?.name === 'GrantGiven' ? [event.args.grantId] : []))[0];
    if (grantId === undefined) throw new Error('no grant');
    const nonce = randomNonce();
    const asOfDay = dayAt(timestamp);
    const request = {
      requestId: keccak256(stringToBytes(`request ${nonce}`)),
      requester: hebei.id,
      registerId: beijing.id,
      applicationId: application.id,
      applicationVersion: 1,
      predicateHash: toBytes32(predicateHashOf(predicate)),
      asOfDay: asOfDay as number,
      subjectTag: toBytes32(subjectTagOf(SUBJECT, nonce)),
      grantId,
      expiry: timestamp + 3_600n,
    };
    const domain = ledgerDomain(BigInt(deployment.chainId), deployment.answerLog);
    const signature = await hebei.operator.signTypedData({
      domain,
      types: REQUEST_TYPES,
      primaryType: 'Request',
      message: request,
    });
    const [circuit] = CIRCUITS;
    if (!circuit) throw new Error('no circuit');
    const key = subjectKeyOf(SUBJECT, 1, beijing.secret);
    const input = circuitInput({
      size: 8,
      uscc: SUBJECT,
      secret: beijing.secret,
      nonce,
      predicate,
      chain,
      path: beijing.tree.path(key, Number(seq)),
      root: beijing.tree.root(Number(seq)),
      asOfDay,
      context: contextOf({
        ...request,
        chainId: BigInt(deployment.chainId),
        answerLog: deployment.answerLog,
      }),
    });
    const { proof, publicSignals } = await snarkjs.groth16.fullProve(input, circuit.wasm, circuit.zkey);
    const answerCommitment = answerCommitmentOf({
      registerId: beijing.id,
      batchHash: hash,
      circuitId: circuit.id,
      signals: publicSignals.map(BigInt),
      nonce,
    });
    const logged = await send(beijing.operator, deployment.answerLog, answerLogAbi, 'log', [
      request,
      signature,
      hash,
      circuit.id,
      answerCommitment,
    ]);
    const { timestamp: time } = await client.getBlock({ blockNumber: logged.blockNumber });
    const unsigned = buildAnswer({
      request: { ...request, requester: '3', registerId: '1', expiry: Number(request.expiry), signature },
      register: { id: beijing.id, owner: beijing.id, secretCommit: secretCommitOf(beijing.secret) },
      batchHash: hash,
      seq,
      predicate,
      nonce,
      circuitId: circuit.id,
      proof,
      publicSignals,
      log: {
        contract: deployment.answerLog.toLowerCase() as Hex,
        logId: await view.answerLog.read.logCount(),
        transactionHash: logged.transactionHash,
        blockNumber: logged.blockNumber,
        time,
      },
    });
    expected = {
      subject: SUBJECT,
      predicate: { application: 'procurement-qualification', predicate: 'no-severe-default' },
      asOfDay,
      requester: hebei.id,
      registerId: beijing.id,
      maxAgeSeconds: 86_400,
    };
    return signedAnswer(
      unsigned,
      await beijing.operator.signTypedData({
        domain,
        types: ANSWER_TYPES,
        primaryType: 'Answer',
        message: { documentHash: documentHash(unsigned) },
      }),
    );
  }

  it('answers every question of a verifier: the NO is VALID in every check', async () => {
    const result = await verifyAnswer(answer, network, expected, { chain: chainFacts(view) });
    for (const check of CHECKS) {
      const found = result.checks.find((each) => each.check === check);
      expect(found?.verdict, summary(result)).to.equal('VALID');
    }
    expect(result.proved).to.deep.equal({ answer: false, disputed: false });
  });

  it('is verified offline by a checkpoint that two witnesses made, each from its own reading', async () => {
    const wish = {
      registerId: beijing.id,
      logIds: [BigInt(answer.log.logId)],
      circuitIds: CIRCUITS.map((circuit) => circuit.id),
      lifeSeconds: 3_600,
    };
    const proposed = await makeCheckpoint(view, wish);
    const signatures = [];
    for (const { id, witness } of [hebei, tianjin]) {
      const own = await makeCheckpoint(view, { ...wish, blockNumber: BigInt(proposed.blockNumber) });
      expect(checkpointHash(own)).to.equal(checkpointHash(proposed));
      const hash = checkpointDigestOf(domainOf(network), own);
      signatures.push({ member: id, signature: await witness.sign({ hash }) });
    }
    const checkpoint = signedCheckpoint(proposed, signatures);
    const result = await verifyAnswer(answer, network, expected, { checkpoint });
    expect(
      result.checks.filter((each) => each.verdict !== 'VALID'),
      summary(result),
    ).to.deep.equal([]);
  });

  it('tells a chain that is down from one that says no', async () => {
    const nowhere = createPublicClient({ transport: http('http://127.0.0.1:9', { retryCount: 0 }) });
    const down = await verifyAnswer(answer, network, expected, {
      chain: chainFacts(new LedgerView(nowhere, deployment)),
    });
    expect(down.overall, summary(down)).to.equal('ERROR');
    const missing = { ...answer, log: { ...answer.log, logId: '99' } };
    const no = await verifyAnswer(missing, network, expected, { chain: chainFacts(view) });
    expect(no.checks.find((each) => each.check === 'answer-logged')?.reason).to.equal('NOT_LOGGED');
  });

  it('has no facts where there are no contracts: an ERROR, not a no', async () => {
    const empty = { ...deployment, answerLog: '0x00000000000000000000000000000000000000aa' as const };
    const facts = chainFacts(new LedgerView(client, empty));
    let code = 'nothing';
    await facts.logEntry(1n).catch((error: unknown) => {
      if (isLedgerError(error)) code = error.code;
    });
    expect(code).to.equal('CHAIN_UNREACHABLE');
  });

  it('refuses an answer under a batch that was contested afterwards', () =>
    undone(async () => {
      // Attested by both, so only somebody else could object: a fourth authority of the same region as Tianjin.
      const late = privateKeyToAccount(generatePrivateKey());
      if (!first) throw new Error('no seat');
      await council(deployment.consortium, consortiumAbi as Abi, 'admit', [
        {
          name: '第四机构',
          regionCode: 120200,
          creditCode: company(999),
          role: 1,
          endpoint: '',
          operator: privateKeyToAccount(generatePrivateKey()).address,
          witness: late.address,
        },
      ]);
      await fundAccounts(anvil.url, first, [late.address]);
      await registers(late, 'object', answer.batchHash, toBytes32(5n));
      const result = await verifyAnswer(answer, network, expected, { chain: chainFacts(view) });
      expect(result.checks.find((each) => each.check === 'root-witnessed')?.reason).to.equal(
        'ROOT_CONTESTED',
      );
      expect(result.overall).to.equal('INVALID');
    }));

  it('wants the answers of all registers of an authority', () =>
    undone(async () => {
      const one = await verifyAuthorityAnswers(
        [answer],
        network,
        { ...expected, authority: 1n },
        { chain: chainFacts(view) },
      );
      expect(one.overall).to.equal('VALID');
      await council(deployment.registers, creditRegistersAbi as Abi, 'openFor', [
        1n,
        toBytes32(secretCommitOf(randomSecret())),
        86_400,
      ]);
      const two = await verifyAuthorityAnswers(
        [answer],
        network,
        { ...expected, authority: 1n },
        { chain: chainFacts(view) },
      );
      expect(two.overall).to.equal('ERROR');
      expect(two.missingRegisters).to.deep.equal(['4']);
      const { registerId: _, ...anyRegister } = expected;
      const alone = await verifyAnswer(
        answer,
        network,
        { ...anyRegister, authority: 1n },
        { chain: chainFacts(view) },
      );
      expect(alone.checks.find((each) => each.check === 'register-owner')?.reason).to.equal(
        'AUTHORITY_HAS_FURTHER_REGISTERS',
      );
    }));

  describe('the network file', () => {
    it('holds members with their keys and registers, and the circuits in force', () => {
      expect(network.members.map((each) => each.registers.map((register) => register.id))).to.deep.equal([
        ['1'],
        ['2'],
        ['3'],
      ]);
      expect(network.circuits.map((circuit) => circuit.id)).to.deep.equal(
        CIRCUITS.map((circuit) => circuit.id),
      );
      expect(network.members[1]?.witnessKeys[0]?.address).to.equal(tianjin.witness.address.toLowerCase());
    });

    it('keeps the keys that were good at a block after they were changed, and leaves out a suspension', () =>
      undone(async () => {
        const renewed = privateKeyToAccount(generatePrivateKey());
        const witness = privateKeyToAccount(generatePrivateKey());
        const fromBlock = (await client.getBlockNumber()) + 10n;
        await council(deployment.consortium, consortiumAbi as Abi, 'changeKeys', [
          1n,
          renewed.address,
          witness.address,
          fromBlock,
        ]);
        await machine.mine({ blocks: 12 });
        await council(deployment.consortium, consortiumAbi as Abi, 'suspend', [2n, NO_HASH]);
        const suspendedFrom = (await client.getBlockNumber()) + 1n;
        const file = await makeNetworkFile(view, CIRCUITS, 0);
        const [changed, suspended] = file.members;
        expect(changed?.operatorKeys.map(({ address, toBlock }) => [address, toBlock])).to.deep.equal([
          [beijing.operator.address.toLowerCase(), fromBlock.toString()],
          [renewed.address.toLowerCase(), null],
        ]);
        expect(suspended?.witnessKeys.at(-1)?.toBlock).to.equal(suspendedFrom.toString());
        // History stays valid: the answer was signed with the key of its block.
        const result = await verifyAnswer(answer, file, expected, { chain: chainFacts(view) });
        expect(result.overall, summary(result)).to.equal('VALID');
      }));

    it('is not made with a circuit that is not in force, or on another chain', async () => {
      const codes: string[] = [];
      const note = (error: unknown): void =>
        void codes.push(isLedgerError(error) ? error.code : String(error));
      const [circuit] = CIRCUITS;
      if (!circuit) throw new Error('no circuit');
      await makeNetworkFile(view, [{ ...circuit, size: 9 }], 0).catch(note);
      await makeNetworkFile(new LedgerView(client, { ...deployment, chainId: 1 }), CIRCUITS, 0).catch(note);
      expect(codes).to.deep.equal(['CIRCUIT_NOT_IN_FORCE', 'CHAIN_WRONG_ID']);
    });
  });

  describe('events', () => {
    it('count only when one of the ledger’s contracts emitted them', async () => {
      const [log] = await client.getLogs({ address: deployment.registers, fromBlock: 0n });
      if (!log) throw new Error('no log');
      expect(decodeLedgerLog(deployment, log)?.contract).to.equal('registers');
      expect(
        decodeLedgerLog(deployment, { ...log, address: '0x00000000000000000000000000000000000000aa' }),
      ).to.equal(undefined);
    });

    it('come in the order of the chain', async () => {
      const events = await ledgerEvents(client, deployment, 0n, await client.getBlockNumber());
      const places = events.map((event) => Number(event.blockNumber) * 10_000 + event.logIndex);
      expect(places).to.deep.equal([...places].sort((a, b) => a - b));
      expect(events.some((event) => event.name === 'AnswerLogged')).to.equal(true);
    });
  });

  describe('the audit', () => {
    it('holds on an honest ledger, and has looked at everything', async () => {
      const steps = new Set<string>();
      const report = await auditChain(client, deployment, {
        circuits: CIRCUITS,
        progress: ({ step }) => steps.add(step),
      });
      expect(report.holds, told(report)).to.equal(true);
      for (const each of report.checks) {
        if (each.check !== 'rulings') expect(each.examined, each.check).to.be.greaterThan(0);
      }
      expect([...steps]).to.deep.equal(['events', 'times', 'replay', 'state']);
    });

    it('finds a root that does not follow from the entries, and names the batch', () =>
      undone(async () => {
        await anchor(beijing, [record(beijing, 0).entry], 12345n as RegisterRoot);
        const report = await audit();
        expect(broken(report)).to.deep.equal(['roots']);
        expect(report.firstDifference?.operands).to.include({ registerId: 1n, seq: 2 });
        expect(report.firstDifference?.message.zh).to.match(/根/);
      }));

    it('holds after the wrong root was objected to and annulled and its entries came again', () =>
      undone(async () => {
        const { entry } = record(beijing, 2);
        const wrong = await anchor(beijing, [entry], 12345n as RegisterRoot);
        await registers(tianjin.witness, 'object', wrong, toBytes32(beijing.tree.root()));
        await council(deployment.registers, creditRegistersAbi as Abi, 'rule', [1n, 2n, true, NO_HASH]);
        beijing.tree.rollbackTo(1);
        const owing = await audit();
        expect(owing.holds, told(owing)).to.equal(true);
        const again = await anchor(beijing, [entry]);
        await registers(hebei.witness, 'attest', [again]);
        await registers(tianjin.witness, 'attest', [again]);
        const report = await audit();
        expect(report.holds, told(report)).to.equal(true);
        expect(report.checks.find((each) => each.check === 'rulings')?.examined).to.equal(1);
      }));

    it('holds after a lying objection was dismissed', () =>
      undone(async () => {
        const right = await anchor(beijing, [record(beijing, 2).entry]);
        await registers(tianjin.witness, 'object', right, toBytes32(7n));
        await council(deployment.registers, creditRegistersAbi as Abi, 'rule', [1n, 2n, false, NO_HASH]);
        const report = await audit();
        expect(report.holds, told(report)).to.equal(true);
      }));

    it('finds a council that annuls a right root', () =>
      undone(async () => {
        const right = await anchor(beijing, [record(beijing, 2).entry]);
        await registers(tianjin.witness, 'object', right, toBytes32(7n));
        await council(deployment.registers, creditRegistersAbi as Abi, 'rule', [1n, 2n, true, NO_HASH]);
        beijing.tree.rollbackTo(1);
        expect(broken(await audit())).to.deep.equal(['rulings']);
      }));

    it('finds a council that dismisses an objection to a wrong root', () =>
      undone(async () => {
        const wrong = await anchor(beijing, [record(beijing, 2).entry], 12345n as RegisterRoot);
        await registers(tianjin.witness, 'object', wrong, toBytes32(beijing.tree.root()));
        await council(deployment.registers, creditRegistersAbi as Abi, 'rule', [1n, 2n, false, NO_HASH]);
        expect(broken(await audit())).to.deep.equal(['roots', 'rulings']);
      }));

    it('finds a published predicate whose hash is another’s', () =>
      undone(async () => {
        const [circuit] = CIRCUITS;
        await council(deployment.applications, applicationListAbi as Abi, 'publish', [
          keccak256(stringToBytes('application:trap')),
          'trap',
          keccak256(stringToBytes('law')),
          0,
          false,
          [
            {
              predicateHash: toBytes32(99n),
              class: 1,
              clause0: 1n << 108n,
              clause1: 0n,
              circuits: [circuit?.id],
            },
          ],
        ]);
        expect(broken(await audit())).to.deep.equal(['applications']);
      }));

    it('finds a circuit in force that the auditor does not have, and another catalogue', () =>
      undone(async () => {
        const verifier = deployment.circuits[0]?.verifier;
        await council(deployment.consortium, consortiumAbi as Abi, 'putCircuit', [
          keccak256(stringToBytes('backdoor')),
          8,
          verifier,
        ]);
        await council(deployment.consortium, consortiumAbi as Abi, 'setCatalogue', [
          2,
          keccak256(stringToBytes('other')),
        ]);
        expect(broken(await audit())).to.deep.equal(['catalogue', 'circuits']);
      }));

    it('finds a circuit whose verifier holds another key than it says', () =>
      undone(async () => {
        const [circuit] = CIRCUITS;
        if (!circuit) throw new Error('no circuit');
        const { IC } = circuit.verificationKey;
        const double = [
          '1368015179489954701390400359078579693043519447331113978918064868415326638035',
          '9918110051302171585080402603319702774565515993150576347155970296011118125764',
          '1',
        ];
        const twisted = {
          ...circuit,
          name: 'claim',
          verificationKey: { ...circuit.verificationKey, IC: [...IC.slice(1), double] },
        };
        const id = circuitIdOf(twisted.name, twisted.size, twisted.verificationKey);
        await council(deployment.consortium, consortiumAbi as Abi, 'putCircuit', [
          id,
          8,
          deployment.circuits[0]?.verifier,
        ]);
        const report = await auditChain(client, deployment, { circuits: [...CIRCUITS, twisted] });
        expect(broken(report)).to.deep.equal(['circuits']);
        expect(report.firstDifference?.operands).to.include({ circuitId: id });
      }));
  });
});
