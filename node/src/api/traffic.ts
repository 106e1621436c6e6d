import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { RequestHandler } from 'express';

/** What a supervisor asks must be answered while everything else is turned away. */
const ALWAYS = new Set(['/v1/health', '/v1/ready', '/metrics']);

/** The requests that are being answered: so many at once and no more, and none at all once the node is ending. */
export class Traffic {
  readonly #most: number;
  #inFlight = 0;
  #ending = false;

  constructor(most: number) {
    this.#most = most;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isEnding(): boolean {
    return this.#ending;
  }

  /** From now on requests are refused; those under way go on. */
  end(): void {
    this.#ending = true;
  }

  /** Errors: `SHUTTING_DOWN`, `BUSY`. */
  readonly guard: RequestHandler = (request, response, next) => {
    const always = ALWAYS.has(request.path);
    if (this.#ending && !always) {
      response.setHeader('connection', 'close');
      throw endingSoon();
    }
    if (!always && this.#inFlight >= this.#most) throw busy('requests', this.#most);
    this.#inFlight += 1;
    response.once('close', () => {
      this.#inFlight -= 1;
    });
    next();
  };
}

/** The node is being stopped; nothing was done. */
export function endingSoon(): LedgerError {
  return new LedgerError(
    'SHUTTING_DOWN',
    { en: 'The node is being stopped; ask again once it is back.', zh: '节点正在停止，请待其恢复后再试。' },
    { retryAfterSeconds: 15 },
  );
}

/** A queue of the node is full; nothing was done. */
export function busy(queue: keyof typeof BUSY, most: number): LedgerError {
  return new LedgerError('BUSY', BUSY[queue], {
    queue,
    most,
    retryAfterSeconds: queue === 'imports' || queue === 'backups' ? 30 : 5,
  });
}

const BUSY = {
  requests: {
    en: 'The node has as many requests in hand as it takes; nothing was done. Try again in a moment.',
    zh: '节点同时处理的请求已达上限，本次未作任何处理，请稍后再试。',
  },
  imports: {
    en: 'As many imports as the node takes are waiting; nothing was taken in. Try again when some are done.',
    zh: '等待处理的导入已达上限，本次未接收任何内容，请待部分导入完成后再试。',
  },
  backups: {
    en: 'A backup is being made already. Try again when it is done.',
    zh: '正在生成备份，请待完成后再试。',
  },
  verifications: {
    en: 'As many verifications as the node takes are waiting; nothing was done. Try again in a moment.',
    zh: '等待核验的应答已达上限，本次未作任何处理，请稍后再试。',
  },
} as const;
