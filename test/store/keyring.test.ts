import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { secretCommitOf } from '@credit-ledger/sdk/protocol';
import { parseTransaction, recoverTransactionAddress, recoverTypedDataAddress, type Hex } from 'viem';
import { FileKeyring, readPassphrase } from '../../node/src/keys/index.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection } from '../support/wait.ts';

const PASSPHRASE = 'correct horse battery 电池';
const OPERATOR_KEY: Hex = `0x${'11'.repeat(32)}`;
const WITNESS_KEY: Hex = `0x${'22'.repeat(32)}`;
const CHEAP = { scryptCost: 2 ** 14 };

describe('the keyring in a file', function () {
  this.timeout(20_000);
  let directory: Awaited<ReturnType<typeof makeTempDir>>;
  let path: string;

  beforeEach(async () => {
    directory = await makeTempDir();
    path = join(directory.path, 'keys.json');
  });
  afterEach(() => directory.remove());

  it('gives the same keys and secrets after it was opened again', async () => {
    const made = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const { keyId, secretCommit } = await made.createRegisterSecret();
    const opened = await FileKeyring.open(path, PASSPHRASE);
    expect(opened.operatorAddress).to.equal(made.operatorAddress);
    expect(opened.witnessAddress).to.equal(made.witnessAddress);
    expect(opened.operatorAddress).not.to.equal(opened.witnessAddress);
    expect(await opened.registerSecret(keyId)).to.equal(await made.registerSecret(keyId));
    expect(secretCommitOf(await opened.registerSecret(keyId))).to.equal(secretCommit);
    expect(await opened.journalKey()).to.deep.equal(await made.journalKey());
    expect(await opened.tokenPepper()).to.deep.equal(await made.tokenPepper());
    expect((await opened.journalKey()).length).to.equal(32);
  });

  it('makes its file readable for nobody else and refuses one that is', async () => {
    await FileKeyring.create(path, PASSPHRASE, CHEAP);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    for (const mode of [0o640, 0o604, 0o620, 0o602]) {
      await chmod(path, mode);
      expect((await rejection(FileKeyring.open(path, PASSPHRASE))).code).to.equal('KEYRING_FILE_EXPOSED');
    }
    await chmod(path, 0o600);
    const keyring = await FileKeyring.open(path, PASSPHRASE);
    await keyring.createRegisterSecret();
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  it('refuses a wrong passphrase, and every altered field of its file', async () => {
    await FileKeyring.create(path, PASSPHRASE, CHEAP);
    expect((await rejection(FileKeyring.open(path, `${PASSPHRASE} `))).code).to.equal(
      'KEYRING_PASSPHRASE_WRONG',
    );
    const text = await readFile(path, 'utf8');
    const file = JSON.parse(text) as {
      sealed: string;
      iv: string;
      tag: string;
      kdf: { salt: string; cost: number };
    };
    const flip = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
    const altered: [object, string][] = [
      [{ ...file, iv: flip(file.iv) }, 'KEYRING_PASSPHRASE_WRONG'],
      [{ ...file, tag: flip(file.tag) }, 'KEYRING_PASSPHRASE_WRONG'],
      [{ ...file, tag: file.tag.slice(0, 8) }, 'KEYRING_FILE_INVALID'],
      [{ ...file, sealed: `A${file.sealed.slice(1)}`.replace(/^AA/, 'AB') }, 'KEYRING_PASSPHRASE_WRONG'],
      [{ ...file, kdf: { ...file.kdf, salt: flip(file.kdf.salt) } }, 'KEYRING_PASSPHRASE_WRONG'],
      [{ ...file, kdf: { ...file.kdf, cost: 2 } }, 'KEYRING_FILE_INVALID'],
      [{ ...file, kdf: { ...file.kdf, cost: 2 ** 30 } }, 'KEYRING_FILE_INVALID'],
      [{ ...file, format: 'credit-keyring/2' }, 'KEYRING_FILE_INVALID'],
      [{}, 'KEYRING_FILE_INVALID'],
    ];
    for (const [content, code] of altered) {
      await writeFile(path, JSON.stringify(content));
      expect((await rejection(FileKeyring.open(path, PASSPHRASE))).code, JSON.stringify(content)).to.equal(
        code,
      );
    }
  });

  it('shows no secret when it is inspected, serialised, spread or stringified, nor in its file', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, {
      ...CHEAP,
      operatorKey: OPERATOR_KEY,
      witnessKey: WITNESS_KEY,
    });
    const { keyId } = await keyring.createRegisterSecret();
    const secrets = [
      OPERATOR_KEY.slice(2),
      WITNESS_KEY.slice(2),
      (await keyring.registerSecret(keyId)).toString(),
      (await keyring.registerSecret(keyId)).toString(16),
      Buffer.from(await keyring.journalKey()).toString('hex'),
      Buffer.from(await keyring.tokenPepper()).toString('hex'),
      PASSPHRASE,
    ];
    const shown = [
      inspect(keyring, { depth: 20, showHidden: true, getters: true }),
      JSON.stringify(keyring),
      JSON.stringify({ ...keyring }),
      String(keyring),
      await readFile(path, 'utf8'),
    ].join('\n');
    for (const secret of secrets) expect(shown).not.to.contain(secret);
    expect(shown).to.contain(keyring.operatorAddress);
  });

  it('shows no secret in its errors', async () => {
    const bad = await rejection(
      FileKeyring.create(path, PASSPHRASE, { ...CHEAP, operatorKey: `0x${'ff'.repeat(32)}` }),
    );
    expect(bad.code).to.equal('KEYRING_KEY_INVALID');
    const keyring = await FileKeyring.create(path, PASSPHRASE, { ...CHEAP, operatorKey: OPERATOR_KEY });
    const wrong = await rejection(FileKeyring.open(path, 'another passphrase'));
    const unsignable = await rejection(
      keyring.signTransaction('operator', { chainId: 1, type: 'eip1559', to: '0x12', maxFeePerGas: 1n }),
    );
    for (const error of [bad, wrong, unsignable]) {
      const shown = inspect(error, { depth: 20, showHidden: true }) + String(error.stack);
      for (const secret of ['ffffffffffffffff', OPERATOR_KEY.slice(2), PASSPHRASE, 'another passphrase']) {
        expect(shown).not.to.contain(secret);
      }
    }
  });

  it('never overwrites: neither a file that exists nor one that was changed by another', async () => {
    const first = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    expect((await rejection(FileKeyring.create(path, PASSPHRASE, CHEAP))).code).to.equal('KEYRING_EXISTS');
    const second = await FileKeyring.open(path, PASSPHRASE);
    const { keyId } = await second.createRegisterSecret();
    expect((await rejection(first.createRegisterSecret())).code).to.equal('KEYRING_CHANGED_ON_DISK');
    expect(await (await FileKeyring.open(path, PASSPHRASE)).registerSecret(keyId)).to.be.a('bigint');
  });

  it('keeps every secret that was made at the same time', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const made = await Promise.all(Array.from({ length: 8 }, () => keyring.createRegisterSecret()));
    const opened = await FileKeyring.open(path, PASSPHRASE);
    const secrets = await Promise.all(made.map(({ keyId }) => opened.registerSecret(keyId)));
    expect(new Set(secrets).size).to.equal(8);
  });

  it('knows no secret by the name of something that every object has', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    for (const name of ['constructor', '__proto__', 'register-0']) {
      expect((await rejection(keyring.registerSecret(name))).code).to.equal('KEYRING_SECRET_UNKNOWN');
    }
  });

  it('signs transactions and typed data with the key of the role, low-s, v 27 or 28', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const typed = {
      domain: { name: 'CreditLedger', version: '1', chainId: 31337 },
      types: { Answer: [{ name: 'documentHash', type: 'bytes32' }] },
      primaryType: 'Answer',
      message: { documentHash: `0x${'ab'.repeat(32)}` },
    } as const;
    for (const role of ['operator', 'witness'] as const) {
      const address = role === 'operator' ? keyring.operatorAddress : keyring.witnessAddress;
      const signature = await keyring.signTypedData(role, typed);
      expect(await recoverTypedDataAddress({ ...typed, signature })).to.equal(address);
      expect(signature).to.match(/^0x[0-9a-f]{128}(1b|1c)$/);
      const halfOrder = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
      expect(BigInt(`0x${signature.slice(66, 130)}`) <= halfOrder).to.equal(true);
      const raw = await keyring.signTransaction(role, {
        type: 'eip1559',
        chainId: 31337,
        nonce: 5,
        gas: 21_000n,
        maxFeePerGas: 7n,
        to: keyring.witnessAddress,
      });
      expect(await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` })).to.equal(
        address,
      );
      expect(parseTransaction(raw).nonce).to.equal(5);
    }
  });

  it('takes its passphrase from a file before the environment, and says when there is none', async () => {
    const file = join(directory.path, 'passphrase');
    await writeFile(file, 'from the file\n');
    expect(await readPassphrase({ LEDGER_KEYS_PASSPHRASE_FILE: file, LEDGER_KEYS_PASSPHRASE: 'x' })).to.equal(
      'from the file',
    );
    expect(await readPassphrase({ LEDGER_KEYS_PASSPHRASE: ' x ' })).to.equal(' x ');
    expect((await rejection(readPassphrase({}))).code).to.equal('KEYRING_PASSPHRASE_MISSING');
    const absent = readPassphrase({
      LEDGER_KEYS_PASSPHRASE_FILE: `${file}.not`,
      LEDGER_KEYS_PASSPHRASE: 'x',
    });
    expect((await rejection(absent)).code).to.equal('KEYRING_PASSPHRASE_MISSING');
  });

  it('refuses a passphrase that is too short', async () => {
    expect((await rejection(FileKeyring.create(path, 'short', CHEAP))).code).to.equal(
      'KEYRING_PASSPHRASE_WEAK',
    );
    expect((await rejection(FileKeyring.open(path, PASSPHRASE))).code).to.equal('KEYRING_NOT_FOUND');
  });
});
