import { readFile, writeFile } from 'node:fs/promises';
import { type Hex, LedgerError } from '@credit-ledger/sdk/protocol';
import type { LocalAccount, TypedDataDefinition } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { Seal } from './sealed.ts';

const FORMAT = 'credit-subject-key/1';
const MIN_PASSPHRASE_LENGTH = 12;

/** The key of a subject that runs no node: in a file of its own, sealed under a passphrase. */
export class SubjectKey {
  readonly #account: LocalAccount;

  private constructor(account: LocalAccount) {
    this.#account = account;
  }

  /**
   * Makes a key and its file, which only its owner may read; nothing is written over.
   * @throws LedgerError SUBJECT_KEY_EXISTS, KEYRING_PASSPHRASE_WEAK
   */
  static async create(file: string, passphrase: string): Promise<SubjectKey> {
    if ([...passphrase].length < MIN_PASSPHRASE_LENGTH) {
      throw new LedgerError(
        'KEYRING_PASSPHRASE_WEAK',
        {
          en: `The passphrase must have at least ${MIN_PASSPHRASE_LENGTH} characters.`,
          zh: `口令至少需要 ${MIN_PASSPHRASE_LENGTH} 个字符。`,
        },
        { minLength: MIN_PASSPHRASE_LENGTH },
      );
    }
    const privateKey = generatePrivateKey();
    const seal = await Seal.make(passphrase);
    const text = seal.seal(Buffer.from(JSON.stringify({ format: FORMAT, privateKey })));
    try {
      await writeFile(file, text, { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      throw new LedgerError(
        'SUBJECT_KEY_EXISTS',
        {
          en: `${file} is there already, or cannot be written; a key is never written over.`,
          zh: `${file} 已存在或无法写入，密钥文件不会被覆盖。`,
        },
        { file },
        { cause },
      );
    }
    return new SubjectKey(privateKeyToAccount(privateKey));
  }

  /** @throws LedgerError SUBJECT_KEY_UNREADABLE, KEYRING_FILE_INVALID, KEYRING_PASSPHRASE_WRONG */
  static async open(file: string, passphrase: string): Promise<SubjectKey> {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw unreadable(file, cause);
    });
    const { plain } = await Seal.open(text, passphrase);
    const sealed = JSON.parse(plain.toString('utf8')) as { format?: unknown; privateKey?: unknown };
    // A node's own keys are sealed alike; they are not a subject's to sign with.
    if (sealed.format !== FORMAT || typeof sealed.privateKey !== 'string') throw unreadable(file);
    return new SubjectKey(privateKeyToAccount(sealed.privateKey as Hex));
  }

  /** Lower case. */
  get address(): Hex {
    return this.#account.address.toLowerCase() as Hex;
  }

  /** EIP-712: 65 bytes, low s, lower case. */
  sign(typedData: TypedDataDefinition): Promise<Hex> {
    return this.#account.signTypedData(typedData);
  }
}

function unreadable(file: string, cause?: unknown): LedgerError {
  return new LedgerError(
    'SUBJECT_KEY_UNREADABLE',
    {
      en: `${file} is no key of a subject; make one with "ledger subject keygen".`,
      zh: `${file} 不是主体密钥文件，请用 "ledger subject keygen" 生成。`,
    },
    { file },
    cause === undefined ? undefined : { cause },
  );
}
