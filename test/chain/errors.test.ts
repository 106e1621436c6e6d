import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { encodeErrorResult, type Hex } from 'viem';
import { ChainClient } from '../../node/src/chain/client.ts';
import { refusalOf } from '../../node/src/chain/errors.ts';
import { probeAbi } from '../support/probe.ts';
import { rejection } from '../support/wait.ts';

describe('what an endpoint answers', () => {
  let answer: (id: unknown) => { status?: number; body: string };
  let client: ChainClient;
  let close: () => Promise<void>;

  before(async () => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const parsed = JSON.parse(Buffer.concat(chunks).toString()) as { id: unknown } | { id: unknown }[];
        const one = Array.isArray(parsed) ? parsed[0] : parsed;
        const { status = 200, body } = answer(one?.id);
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(Array.isArray(parsed) && body.startsWith('{') ? `[${body}]` : body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new ChainClient({
      rpcUrl: `http://user:hunter2@127.0.0.1:${(server.address() as AddressInfo).port}`,
      chainId: 1,
      contracts: [{ name: 'Probe', address: `0x${'ab'.repeat(20)}`, abi: probeAbi }],
      deployedAtBlock: 0n,
      timeoutMilliseconds: 500,
    });
    close = async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
  });
  after(() => close());

  const refuse = (message: string, code = -32000, data?: unknown): void => {
    answer = (id) => ({ body: JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }) });
  };

  it('is told apart by what it means, however the engine words it', async () => {
    const wordings: [string, string][] = [
      ['already known', 'already-known'],
      ['transaction already imported', 'already-known'],
      ['Known transaction', 'already-known'],
      ['nonce too low: next nonce 5, tx nonce 4', 'nonce-too-low'],
      ['Nonce too low', 'nonce-too-low'],
      ['replacement transaction underpriced', 'replacement-underpriced'],
      ['transaction underpriced: tip needed 1, tip permitted 0', 'underpriced'],
      ['max fee per gas less than block base fee: address 0x', 'underpriced'],
      ['Gas price below configured minimum gas price', 'underpriced'],
      ['insufficient funds for gas * price + value: balance 0', 'unfunded'],
      ['Upfront cost exceeds account balance', 'unfunded'],
      ['insufficient balance of the sender to pay for gas fee', 'unfunded'],
      ['exceeds block gas limit', 'too-large'],
      ['Transaction gas limit exceeds block gas limit', 'too-large'],
      ['method handler crashed', 'other'],
    ];
    for (const [message, refusal] of wordings) {
      refuse(message);
      const error = await rejection(client.send('0x02'));
      expect(error.code, message).to.equal('CHAIN_REFUSED_REQUEST');
      expect(refusalOf(error), message).to.equal(refusal);
    }
  });

  it("is a contract's own error when it carries one, one level deep or two", async () => {
    const data = encodeErrorResult({ abi: probeAbi, errorName: 'NotNext', args: [3n, 9n] });
    const call = {
      from: `0x${'11'.repeat(20)}` as Hex,
      to: `0x${'22'.repeat(20)}` as Hex,
      data: '0x' as Hex,
    };
    for (const carried of [data, { data }, { data, message: 'x' }]) {
      refuse('execution reverted', 3, carried);
      const error = await rejection(client.estimateGas(call));
      expect(error.code).to.equal('CHAIN_REVERTED');
      expect(error.operands).to.deep.include({ error: 'NotNext', expected: 3n, actual: 9n });
      expect(error.message).to.contain('NotNext(3, 9)');
    }
  });

  it('is shown as bytes when the error is of no contract of ours', async () => {
    refuse('execution reverted', 3, '0xdeadbeef');
    const call = {
      from: `0x${'11'.repeat(20)}` as Hex,
      to: `0x${'22'.repeat(20)}` as Hex,
      data: '0x' as Hex,
    };
    const error = await rejection(client.estimateGas(call));
    expect(error.operands).to.deep.include({ error: null, data: '0xdeadbeef' });
  });

  it('is unreachable when it is no answer: an error page, a limit, nothing at all', async () => {
    for (const status of [500, 502, 429, 404]) {
      answer = () => ({ status, body: '<html>no</html>' });
      expect((await rejection(client.head())).code, String(status)).to.equal('CHAIN_UNREACHABLE');
    }
  });

  it("never repeats the endpoint's password", async () => {
    answer = () => ({ status: 500, body: 'no' });
    const unreachable = await rejection(client.head());
    refuse('nonsense');
    const refused = await rejection(client.head());
    for (const error of [unreachable, refused]) {
      expect(
        JSON.stringify(error) + error.message + String(error.stack) + String(error.cause),
      ).not.to.contain('hunter2');
    }
  });
});
