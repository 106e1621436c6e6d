import { EventEmitter } from 'node:events';
import { isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import { createClient, type Hex, http, numberToHex, type RpcBlock } from 'viem';
import { agreed, mannerOf, meaningOf, middleOf, pin, reachedBy } from './agreement.ts';
import { asChainError, refusalOf } from './errors.ts';

/** Why an endpoint is not asked for a while. */
export type EndpointTrouble = 'unreachable' | 'lagging' | 'contradicts' | 'wrong-chain';

/** How one endpoint fares; what an operator sees. */
export interface EndpointStatus {
  /** Its place in the settings, from 0. */
  readonly index: number;
  /** Host and port alone: an address may hold a password. */
  readonly host: string;
  /** Null while it is asked like the others. */
  readonly trouble: EndpointTrouble | null;
  /** Since when it is set aside. */
  readonly since: Date | null;
  /** The newest block that it told of; null before its first answer. */
  readonly headBlock: bigint | null;
}

export interface EndpointsOptions {
  /** The node's own first. */
  readonly urls: readonly string[];
  /** How many must say the same. */
  readonly quorum: number;
  readonly chainId: number;
  readonly timeoutMilliseconds?: number;
  /** For how long one is set aside the first time; doubled each time after, up to sixteen times. */
  readonly setAsideMilliseconds?: number;
  /** Blocks that one may be behind what a quorum has. */
  readonly mostLag?: bigint;
}

interface EndpointsEvents {
  'set-aside': [status: EndpointStatus];
  back: [status: EndpointStatus];
}

/** The default quorum: more than half; of two both. */
export function majorityOf(endpoints: number): number {
  return Math.floor(endpoints / 2) + 1;
}

const MOST_DOUBLINGS = 4;
/** So long the others are waited for when a quorum has told of its newest block. */
const GRACE_MILLISECONDS = 1_000;

/**
 * Several JSON-RPC endpoints as one: what is read is what a quorum of them says, what is sent goes to all. One that
 * does not answer, lags, serves another chain or contradicts the quorum is set aside for a while, visibly, and then
 * tried again. Without a quorum nothing is believed: `CHAIN_NO_QUORUM`, or the error of the endpoints when it was
 * they that could not be reached. Tags of engines (`finalized`, `safe`) are not used.
 *
 * A quorum of liars is believed: with a quorum of more than half, it takes as many lying endpoints.
 */
export class Endpoints {
  readonly events = new EventEmitter<EndpointsEvents>();
  readonly #all: readonly Endpoint[];
  readonly #options: Required<EndpointsOptions>;
  #head: Promise<RpcBlock> | undefined;

  /** @throws RangeError when the quorum is none, or more than there are */
  constructor(options: EndpointsOptions) {
    if (options.quorum < 1 || options.quorum > options.urls.length) {
      throw new RangeError('the quorum must be between 1 and the number of endpoints');
    }
    this.#options = {
      timeoutMilliseconds: 10_000,
      setAsideMilliseconds: 15_000,
      mostLag: 20n,
      ...options,
    };
    this.#all = options.urls.map((url, index) => new Endpoint(url, index, this.#options.timeoutMilliseconds));
  }

  status(): EndpointStatus[] {
    return this.#all.map((endpoint) => endpoint.status());
  }

  /** Asks as the method wants to be asked. Rejects with viem's errors of an endpoint, or with `CHAIN_NO_QUORUM`. */
  async request(method: string, params: readonly unknown[] = []): Promise<unknown> {
    switch (mannerOf(method, params)) {
      case 'send':
        return this.#send(method, params);
      case 'any':
        return this.#any(method, params);
      case 'middle':
        return this.#middle(method, params);
      case 'head': {
        const block = await this.#agreedHead();
        return method === 'eth_blockNumber' ? block.number : block;
      }
      case 'pinned': {
        const { number } = await this.#agreedHead();
        return this.#agree(method, pin(method, params, number ?? '0x0'));
      }
      case 'agree':
        return this.#agree(method, params);
    }
  }

  /** The newest block that a quorum has. Questions at the same time share one look. */
  #agreedHead(): Promise<RpcBlock> {
    this.#head ??= this.#lookForHead().finally(() => {
      this.#head = undefined;
    });
    return this.#head;
  }

  async #lookForHead(): Promise<RpcBlock> {
    const { quorum, mostLag } = this.#options;
    const asked = await this.#askable();
    const told: bigint[] = [];
    let first: unknown;
    const replies = asked.map(async (endpoint) => {
      const reply = await this.#ask(endpoint, 'eth_blockNumber', []);
      if ('error' in reply) {
        first ??= reply.error;
        return;
      }
      endpoint.head = BigInt(reply.answer as Hex);
      told.push(endpoint.head);
    });
    // All are heard, as far as they answer in time: the quickest two may be one that is frozen, on purpose or not,
    // and one whose word is then worth nothing.
    await allOrGrace(replies, () => told.length >= quorum, GRACE_MILLISECONDS);
    const reached = reachedBy(told, quorum);
    if (reached === undefined) throw first ?? this.#noQuorum('eth_blockNumber', told.length);
    for (const endpoint of asked) {
      if (endpoint.head !== null && endpoint.head + mostLag < reached) this.#setAside(endpoint, 'lagging');
    }
    const block = await this.#agree('eth_getBlockByNumber', [numberToHex(reached), false]);
    if (block === null) throw this.#noQuorum('eth_getBlockByNumber', told.length);
    return block as RpcBlock;
  }

  async #agree(method: string, params: readonly unknown[]): Promise<unknown> {
    const { quorum } = this.#options;
    const asked = await this.#askable(method);
    const votes: Vote[] = [];
    const lost: unknown[] = [];
    let verdict: Vote | undefined;
    const replies = asked.map(async (endpoint) => {
      const reply = await this.#ask(endpoint, method, params);
      if ('error' in reply && reply.lost) {
        lost.push(reply.error);
        return;
      }
      const meaning = 'error' in reply ? meaningOfRefusal(reply.error) : meaningOf(method, reply.answer);
      const vote: Vote = { endpoint, reply, meaning };
      votes.push(vote);
      verdict ??= agreed(votes, quorum);
      // Votes from before the verdict are judged with it, later ones as they come.
      if (verdict !== undefined) for (const each of votes) this.#judge(each, verdict);
    });
    await enough(replies, () => verdict !== undefined);
    if (verdict === undefined) {
      if (votes.length < quorum && lost.length > 0) throw lost[0];
      throw this.#noQuorum(method, votes.length);
    }
    if ('error' in verdict.reply) throw verdict.reply.error;
    return verdict.reply.answer;
  }

  /** Who says something else than the quorum is not asked for a while; who says nothing yet may only be slower. */
  #judge(vote: Vote, verdict: Vote): void {
    if (vote.meaning === verdict.meaning) {
      this.#takeBack(vote.endpoint);
    } else if (SAYS_NOTHING.has(vote.meaning) || SAYS_NOTHING.has(verdict.meaning)) {
      return;
    } else {
      this.#setAside(vote.endpoint, 'contradicts');
    }
  }

  async #middle(method: string, params: readonly unknown[]): Promise<unknown> {
    const { quorum } = this.#options;
    const asked = await this.#askable();
    const values: bigint[] = [];
    const refused: unknown[] = [];
    const lost: unknown[] = [];
    await Promise.all(
      asked.map(async (endpoint) => {
        const reply = await this.#ask(endpoint, method, params);
        if ('answer' in reply) values.push(BigInt(reply.answer as Hex));
        else (reply.lost ? lost : refused).push(reply.error);
      }),
    );
    const middle = middleOf(values, quorum);
    if (middle !== undefined) return numberToHex(middle);
    if (refused.length >= quorum) throw refused[0];
    if (values.length + refused.length < quorum && lost.length > 0) throw lost[0];
    throw this.#noQuorum(method, values.length + refused.length);
  }

  /** A signed transaction is the same wherever it arrives, and harms nobody twice. */
  async #send(method: string, params: readonly unknown[]): Promise<unknown> {
    const asked = await this.#askable();
    const errors: unknown[] = [];
    let taken: { readonly hash: unknown } | undefined;
    const replies = asked.map(async (endpoint) => {
      const reply = await this.#ask(endpoint, method, params);
      if ('answer' in reply) taken ??= { hash: reply.answer };
      else errors.push(reply.error);
    });
    await enough(replies, () => taken !== undefined);
    if (taken !== undefined) return taken.hash;
    // What an endpoint said of the transaction tells more than that another did not answer.
    throw errors.find((error) => !isLost(error)) ?? errors[0] ?? this.#noQuorum(method, 0);
  }

  async #any(method: string, params: readonly unknown[]): Promise<unknown> {
    const asked = await this.#askable();
    const errors: unknown[] = [];
    let found: { readonly answer: unknown } | undefined;
    let nothing = 0;
    const replies = asked.map(async (endpoint) => {
      const reply = await this.#ask(endpoint, method, params);
      if ('error' in reply) errors.push(reply.error);
      else if (reply.answer === null) nothing += 1;
      else found ??= reply;
    });
    await enough(replies, () => found !== undefined);
    if (found !== undefined) return found.answer;
    if (nothing >= this.#options.quorum) return null;
    throw errors[0] ?? this.#noQuorum(method, nothing);
  }

  /**
   * Those to be asked now: who is not set aside, or whose time is over. Where these are too few for a quorum also who
   * did not answer or lagged, but never who contradicted the others.
   */
  async #askable(method?: string): Promise<Endpoint[]> {
    const now = performance.now();
    const due = this.#all.filter(({ asideUntil }) => asideUntil <= now);
    const asked =
      due.length >= this.#options.quorum
        ? due
        : this.#all.filter(
            ({ asideUntil, trouble }) =>
              asideUntil <= now || trouble === 'unreachable' || trouble === 'lagging',
          );
    if (method === 'eth_chainId') return asked;
    const ofOurs = await Promise.all(asked.map((endpoint) => this.#isOfOurChain(endpoint)));
    return asked.filter((_, i) => ofOurs[i]);
  }

  /** Asked when it is used for the first time, and whenever it comes back. */
  async #isOfOurChain(endpoint: Endpoint): Promise<boolean> {
    if (endpoint.chainChecked) return true;
    const reply = await this.#ask(endpoint, 'eth_chainId', []);
    // One that cannot be reached is asked all the same: it then counts as what it is.
    if ('error' in reply) return true;
    if (Number(reply.answer) !== this.#options.chainId) {
      this.#setAside(endpoint, 'wrong-chain');
      return false;
    }
    endpoint.chainChecked = true;
    return true;
  }

  async #ask(endpoint: Endpoint, method: string, params: readonly unknown[]): Promise<Reply> {
    try {
      const answer = await endpoint.request(method, params);
      if (endpoint.trouble === 'unreachable') this.#takeBack(endpoint);
      return { answer };
    } catch (error) {
      const lost = isLost(error);
      if (lost) this.#setAside(endpoint, 'unreachable');
      return { error, lost };
    }
  }

  #setAside(endpoint: Endpoint, trouble: EndpointTrouble): void {
    const now = performance.now();
    // Asked again before its time for want of others: neither news nor a longer time.
    if (endpoint.trouble === trouble && endpoint.asideUntil > now) return;
    const doublings = Math.min(endpoint.timesAside, MOST_DOUBLINGS);
    endpoint.asideUntil = now + this.#options.setAsideMilliseconds * 2 ** doublings;
    endpoint.timesAside += 1;
    endpoint.chainChecked = false;
    const isNews = endpoint.trouble !== trouble;
    endpoint.trouble = trouble;
    endpoint.since ??= new Date();
    if (isNews) this.events.emit('set-aside', endpoint.status());
  }

  #takeBack(endpoint: Endpoint): void {
    if (endpoint.trouble === null) return;
    // An endpoint that contradicted the others, or lags, comes back when its time is over and not by one right word.
    if (endpoint.trouble !== 'unreachable' && endpoint.asideUntil > performance.now()) return;
    const lags = endpoint.trouble === 'lagging';
    if (lags && this.#isBehind(endpoint)) return;
    endpoint.trouble = null;
    endpoint.since = null;
    endpoint.asideUntil = 0;
    endpoint.timesAside = 0;
    this.events.emit('back', endpoint.status());
  }

  #isBehind({ head }: Endpoint): boolean {
    const others = this.#all.map((each) => each.head ?? 0n);
    const reached = reachedBy(others, this.#options.quorum) ?? 0n;
    return head === null || head + this.#options.mostLag < reached;
  }

  #noQuorum(method: string, answered: number): LedgerError {
    const { quorum, urls } = this.#options;
    return new LedgerError(
      'CHAIN_NO_QUORUM',
      {
        en: `Of ${urls.length} chain endpoints ${answered} answered, and no ${quorum} of them say the same. Look at the endpoints in the node's status; nothing is read until they agree.`,
        zh: `${urls.length} 个链节点中有 ${answered} 个应答，未达到 ${quorum} 个一致。请查看节点状态中的链节点列表；达成一致前不读取任何数据。`,
      },
      { method, answered, quorum, endpoints: urls.length },
    );
  }
}

type Reply = { readonly answer: unknown } | { readonly error: unknown; readonly lost: boolean };

interface Vote {
  readonly endpoint: Endpoint;
  readonly reply: Reply;
  readonly meaning: string;
}

class Endpoint {
  readonly #index: number;
  readonly #host: string;
  readonly #client;
  head: bigint | null = null;
  trouble: EndpointTrouble | null = null;
  since: Date | null = null;
  /** On the steady clock. */
  asideUntil = 0;
  timesAside = 0;
  chainChecked = false;

  constructor(url: string, index: number, timeout: number) {
    this.#index = index;
    this.#host = new URL(url).host;
    this.#client = createClient({
      transport: http(url, { retryCount: 0, timeout, batch: { batchSize: 100 } }),
    });
  }

  request(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.#client.request({ method, params } as never);
  }

  status(): EndpointStatus {
    const { trouble, since, head } = this;
    return { index: this.#index, host: this.#host, trouble, since, headBlock: head };
  }
}

const REFUSED = '!refused';
/** Meanings that a slower endpoint may have of what a faster one knows already. */
const SAYS_NOTHING = new Set(['null', REFUSED]);

/** Two refusals agree when the contract's error is the same; how an engine words what it lacks means nothing. */
function meaningOfRefusal(error: unknown): string {
  const known = asChainError(error, []);
  const data = isLedgerError(known, 'CHAIN_REVERTED') ? known.operands['data'] : undefined;
  return typeof data === 'string' ? `!${data}` : REFUSED;
}

function isLost(error: unknown): boolean {
  return isLedgerError(asChainError(error, []), 'CHAIN_UNREACHABLE') && refusalOf(error) === undefined;
}

/** Resolves as soon as it is enough, or when all have come. Late ones go on and are not lost on errors of their own. */
function enough(replies: readonly Promise<void>[], isEnough: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = replies.length;
    if (open === 0) resolve();
    for (const reply of replies) {
      reply.then(() => {
        open -= 1;
        if (open === 0 || isEnough()) resolve();
      }, reject);
    }
  });
}

/** Resolves when all have come, or some time after it is enough. */
async function allOrGrace(
  replies: readonly Promise<void>[],
  isEnough: () => boolean,
  graceMilliseconds: number,
): Promise<void> {
  await enough(replies, isEnough);
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMilliseconds);
  });
  await Promise.race([Promise.all(replies), grace]);
  clearTimeout(timer);
}
