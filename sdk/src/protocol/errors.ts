/** What an operand of an error may be: enough to act on, never a secret. */
export type Operand = string | number | bigint | boolean | null | undefined | readonly Operand[];

/** The two languages that a person may read a message in. */
export interface Message {
  readonly en: string;
  readonly zh: string;
}

/**
 * The project's one error. `code` is stable and for programs; `message` and
 * `messageZh` are for people; `operands` say what was read or expected.
 */
export class LedgerError extends Error {
  override readonly name: string = 'LedgerError';
  readonly code: string;
  readonly messageZh: string;
  readonly operands: Readonly<Record<string, Operand>>;

  constructor(
    code: string,
    message: Message,
    operands: Readonly<Record<string, Operand>> = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message.en, options);
    this.code = code;
    this.messageZh = message.zh;
    this.operands = operands;
  }

  /** The error as plain data; integers too large for JSON become decimal strings. */
  toJSON(): {
    code: string;
    message: string;
    messageZh: string;
    operands: Record<string, unknown>;
  } {
    return {
      code: this.code,
      message: this.message,
      messageZh: this.messageZh,
      operands: Object.fromEntries(
        Object.entries(this.operands).map(([name, value]) => [name, plain(value)]),
      ),
    };
  }
}

function plain(value: Operand): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  return value;
}

/** True for a LedgerError, of any copy of this module, optionally with one code. */
export function isLedgerError(error: unknown, code?: string): error is LedgerError {
  return (
    error instanceof Error &&
    error.name === 'LedgerError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  );
}
