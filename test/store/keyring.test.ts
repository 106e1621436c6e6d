import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Wallet } from 'ethers';
import fc from 'fast-check';
import { secretCommitOf } from '@credit-ledger/sdk/protocol';
import { parseTransaction, recoverTransactionAddress, recoverTypedDataAddress, type Hex } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import {
  decryptSecret,
  encryptSecret,
  FileKeyring,
  type Keyring,
  readPassphrase,
  refuseDevelopmentKeys,
} from '../../node/src/keys/index.ts';
import { Seal } from '../../node/src/keys/sealed.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection } from '../support/wait.ts';

const PASSPHRASE = 'correct horse battery 电池';
const OPERATOR_KEY: Hex = `0x${'11'.repeat(32)}`;
const WITNESS_KEY: Hex = `0x${'22'.repeat(32)}`;
const CHEAP = { scryptCost: 2 ** 14 };

describe('the keyring in a directory of keystores', function () {
  this.timeout(30_000);
  let directory: Awaited<ReturnType<typeof makeTempDir>>;
  let path: string;

  beforeEach(async () => {
    directory = await makeTempDir();
    path = join(directory.path, 'keys');
  });
  afterEach(() => directory.remove());

  it('gives the same keys and secrets after it was opened again', async () => {
    const made = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const { keyId, secretCommit } = await made.createRegisterSecret();
    const opened = await FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost);
    expect(opened.operatorAddress).to.equal(made.operatorAddress);
    expect(opened.witnessAddress).to.equal(made.witnessAddress);
    expect(opened.operatorAddress).not.to.equal(opened.witnessAddress);
    expect(await opened.registerSecret(keyId)).to.equal(await made.registerSecret(keyId));
    expect(secretCommitOf(await opened.registerSecret(keyId))).to.equal(secretCommit);
    expect(await opened.journalKey()).to.deep.equal(await made.journalKey());
    expect(await opened.tokenPepper()).to.deep.equal(await made.tokenPepper());
    expect((await opened.journalKey()).length).to.equal(32);
  });

  it('makes its files readable for nobody else and refuses one that is', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    await keyring.createRegisterSecret();
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
    const files = (await readdir(path)).sort();
    expect(files.map((file) => file.replace(/-[0-9a-f]{12}/, '-ID'))).to.deep.equal([
      'journal.json',
      'operator.json',
      'register-ID.json',
      'tokens.json',
      'witness.json',
    ]);
    for (const name of files) {
      const file = join(path, name);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      for (const mode of [0o640, 0o604, 0o620, 0o602]) {
        await chmod(file, mode);
        expect((await rejection(FileKeyring.open(path, PASSPHRASE))).code).to.equal('KEYRING_FILE_EXPOSED');
      }
      await chmod(file, 0o600);
    }
  });

  it('is a standard keystore, which another program opens', async () => {
    await FileKeyring.create(path, PASSPHRASE, { ...CHEAP, operatorKey: OPERATOR_KEY });
    const wallet = await Wallet.fromEncryptedJson(
      await readFile(join(path, 'operator.json'), 'utf8'),
      Buffer.from(PASSPHRASE, 'utf8'),
    );
    expect(wallet.privateKey).to.equal(OPERATOR_KEY);
  });

  it('refuses a wrong passphrase, and every altered field of a keystore', async () => {
    await FileKeyring.create(path, PASSPHRASE, CHEAP);
    expect((await rejection(FileKeyring.open(path, `${PASSPHRASE} `))).code).to.equal(
      'KEYRING_PASSPHRASE_WRONG',
    );
    const text = await encryptSecret(OPERATOR_KEY, PASSPHRASE, CHEAP.scryptCost);
    interface Keystore {
      address: string;
      Crypto: {
        cipher: string;
        ciphertext: string;
        cipherparams: { iv: string };
        kdf: string;
        kdfparams: { salt: string; n: number; r: number; p: number; dklen: number };
        mac: string;
      };
      version: number;
    }
    const flip = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1);
    const altered: [(file: Keystore) => unknown, string][] = [
      [({ Crypto }) => (Crypto.cipherparams.iv = flip(Crypto.cipherparams.iv)), 'KEYRING_PASSPHRASE_WRONG'],
      [({ Crypto }) => (Crypto.ciphertext = flip(Crypto.ciphertext)), 'KEYRING_PASSPHRASE_WRONG'],
      [({ Crypto }) => (Crypto.mac = flip(Crypto.mac)), 'KEYRING_PASSPHRASE_WRONG'],
      [({ Crypto }) => (Crypto.kdfparams.salt = flip(Crypto.kdfparams.salt)), 'KEYRING_PASSPHRASE_WRONG'],
      [(file) => (file.address = flip(file.address)), 'KEYRING_PASSPHRASE_WRONG'],
      [({ Crypto }) => (Crypto.kdfparams.p = 2), 'KEYRING_PASSPHRASE_WRONG'],
      [({ Crypto }) => (Crypto.kdfparams.n = 2), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.kdfparams.n = 2 ** 30), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.kdfparams.n = 2 ** 14 + 1), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.kdfparams.p = 2 ** 20), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.kdfparams.dklen = 64), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.kdf = 'pbkdf2'), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.cipher = 'none'), 'KEYRING_FILE_INVALID'],
      [({ Crypto }) => (Crypto.ciphertext += '00'), 'KEYRING_FILE_INVALID'],
      [(file) => (file.version = 4), 'KEYRING_FILE_INVALID'],
      [(file) => Reflect.deleteProperty(file, 'address'), 'KEYRING_FILE_INVALID'],
      [(file) => Reflect.deleteProperty(file, 'Crypto'), 'KEYRING_FILE_INVALID'],
      [(file) => Object.assign(file, { crypto: file.Crypto }), 'KEYRING_FILE_INVALID'],
    ];
    for (const [alter, code] of altered) {
      const file = JSON.parse(text) as Keystore;
      alter(file);
      const error = await rejection(decryptSecret(JSON.stringify(file), PASSPHRASE, 'operator.json'));
      expect(error.code, String(alter)).to.equal(code);
    }
  });

  it('ends every rubbish in one error, and never in anything else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((v) => JSON.stringify(v)),
        ),
        async (text) => {
          const error = await rejection(decryptSecret(text, PASSPHRASE, 'rubbish.json'));
          expect(error.code).to.equal('KEYRING_FILE_INVALID');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('comes from the one file of the first versions, with every secret, and says that it is to be converted', async () => {
    const old = join(directory.path, 'keys.json');
    const secret = 12_345_678_901_234_567_890n;
    const seal = await Seal.make(PASSPHRASE, CHEAP.scryptCost);
    const secrets = {
      operatorKey: OPERATOR_KEY,
      witnessKey: WITNESS_KEY,
      journalKey: '33'.repeat(32),
      tokenPepper: '44'.repeat(32),
      registers: { 'register-0123456789ab': secret.toString() },
    };
    await writeFile(old, seal.seal(Buffer.from(JSON.stringify(secrets))), { mode: 0o600 });
    expect((await rejection(FileKeyring.open(path, PASSPHRASE))).code).to.equal('KEYRING_OLD_FORMAT');
    await FileKeyring.convert(old, path, PASSPHRASE, CHEAP.scryptCost);
    const opened = await FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost);
    expect(opened.operatorAddress).to.equal(privateKeyToAddress(OPERATOR_KEY));
    expect(opened.witnessAddress).to.equal(privateKeyToAddress(WITNESS_KEY));
    expect(await opened.registerSecret('register-0123456789ab')).to.equal(secret);
    expect(Buffer.from(await opened.journalKey()).toString('hex')).to.equal(secrets.journalKey);
    expect(Buffer.from(await opened.tokenPepper()).toString('hex')).to.equal(secrets.tokenPepper);
    expect((await rejection(FileKeyring.convert(old, path, PASSPHRASE))).code).to.equal('KEYRING_EXISTS');
  });

  it('is put under another passphrase as a whole; the former keystores stay beside it', async () => {
    const made = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const { keyId } = await made.createRegisterSecret();
    expect((await rejection(made.changePassphrase('short'))).code).to.equal('KEYRING_PASSPHRASE_WEAK');
    const former = await made.changePassphrase('another long passphrase');
    expect((await rejection(FileKeyring.open(path, PASSPHRASE))).code).to.equal('KEYRING_PASSPHRASE_WRONG');
    const opened = await FileKeyring.open(path, 'another long passphrase');
    expect(opened.operatorAddress).to.equal(made.operatorAddress);
    expect(await opened.registerSecret(keyId)).to.equal(await made.registerSecret(keyId));
    expect((await FileKeyring.open(former, PASSPHRASE)).operatorAddress).to.equal(made.operatorAddress);
  });

  it('holds further keys, which sign when they are used, or asked for by their address', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const first = keyring.operatorAddress;
    const second = await keyring.createKey('operator');
    expect(keyring.addresses('operator')).to.deep.equal([first, second]);
    expect(keyring.operatorAddress, 'before it is used').to.equal(first);
    const typedData = {
      domain: {},
      types: { A: [{ name: 'a', type: 'uint8' }] },
      primaryType: 'A',
      message: { a: 1 },
    };
    const signerOf = async (as?: Hex): Promise<Hex> =>
      recoverTypedDataAddress({
        ...typedData,
        signature: await keyring.signTypedData('operator', typedData, as),
      } as never);
    expect(await signerOf(second)).to.equal(second);
    keyring.use('operator', second.toLowerCase() as Hex);
    expect([keyring.operatorAddress, await signerOf(), await signerOf(first)]).to.deep.equal([
      second,
      second,
      first,
    ]);
    for (const unknown of [keyring.witnessAddress, '0x00000000000000000000000000000000000000aa'] as const) {
      expect(() => keyring.use('operator', unknown))
        .to.throw()
        .with.property('code', 'KEYRING_KEY_UNKNOWN');
      expect((await rejection(keyring.signTypedData('operator', typedData, unknown))).code).to.equal(
        'KEYRING_KEY_UNKNOWN',
      );
    }
  });

  it('keeps further keys over a new start and a new passphrase, and takes in those made beside it', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const beside = await FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost);
    const further = [await beside.createKey('operator'), await beside.createKey('witness')];
    const held = (each: FileKeyring) => [each.addresses('operator')[1], each.addresses('witness')[1]];
    expect(held(keyring)).to.deep.equal([undefined, undefined]);
    await keyring.reload();
    await keyring.reload();
    expect(held(keyring)).to.deep.equal(further);
    expect(keyring.addresses('operator')).to.have.length(2);
    await keyring.changePassphrase('another long passphrase');
    expect(held(await FileKeyring.open(path, 'another long passphrase'))).to.deep.equal(further);
  });

  it('refuses, for production, keys that everybody has', async () => {
    const everybodys = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
    const own = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    refuseDevelopmentKeys(own);
    for (const role of ['operator', 'witness'] as const) {
      const addresses = (each: string) => [own.operatorAddress, ...(each === role ? [everybodys] : [])];
      expect(() => refuseDevelopmentKeys({ addresses } as Pick<Keyring, 'addresses'>))
        .to.throw()
        .with.property('code', 'KEYRING_DEVELOPMENT_KEY');
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
      ...(await Promise.all((await readdir(path)).map((file) => readFile(join(path, file), 'utf8')))),
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

  it('never overwrites what is there, and what two made at the same time is there', async () => {
    const first = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    expect((await rejection(FileKeyring.create(path, PASSPHRASE, CHEAP))).code).to.equal('KEYRING_EXISTS');
    const second = await FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost);
    const made = await Promise.all([first.createRegisterSecret(), second.createRegisterSecret()]);
    const opened = await FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost);
    for (const { keyId, secretCommit } of made)
      expect(secretCommitOf(await opened.registerSecret(keyId))).to.equal(secretCommit);
    expect((await readdir(directory.path)).sort()).to.deep.equal(['keys']);
  });

  it('keeps every secret that was made at the same time', async () => {
    const keyring = await FileKeyring.create(path, PASSPHRASE, CHEAP);
    const made = await Promise.all(Array.from({ length: 8 }, () => keyring.createRegisterSecret()));
    const opened = await FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost);
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
    // A person is asked only where nothing else was said.
    const ask = (): Promise<string> => Promise.resolve('typed in');
    expect(await readPassphrase({}, ask)).to.equal('typed in');
    expect(await readPassphrase({ LEDGER_KEYS_PASSPHRASE: 'x' }, ask)).to.equal('x');
    const misnamed = readPassphrase({ LEDGER_KEYS_PASSPHRASE_FILE: `${file}.not` }, ask);
    expect((await rejection(misnamed)).code).to.equal('KEYRING_PASSPHRASE_MISSING');
  });

  it('refuses a passphrase that is too short', async () => {
    expect((await rejection(FileKeyring.create(path, 'short', CHEAP))).code).to.equal(
      'KEYRING_PASSPHRASE_WEAK',
    );
    expect((await rejection(FileKeyring.open(path, PASSPHRASE, CHEAP.scryptCost))).code).to.equal(
      'KEYRING_NOT_FOUND',
    );
  });
});
