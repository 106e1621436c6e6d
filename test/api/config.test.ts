import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { checkConfig, configReference, SETTINGS } from '../../node/src/config.ts';

const NEEDED = { rpcUrl: 'http://127.0.0.1:8545' };

describe('the configuration', () => {
  it('needs a chain and has a default for all else', () => {
    const config = checkConfig(NEEDED, {}, '/srv/node');
    expect(config).to.include({ port: 8645, host: '127.0.0.1', dataDir: '/srv/node', production: false });
    expect(config.deploymentPath).to.equal('/srv/node/deployment.json');
  });

  it('keeps the journal outside of the data directory by default', () => {
    const { journalPath, dataDir } = checkConfig(NEEDED, {}, '/srv/node');
    expect(journalPath.startsWith(`${dataDir}/`)).to.equal(false);
  });

  it('tells all mistakes at once, each with its place', () => {
    try {
      checkConfig(
        { port: 70_000, rpcUrl: 'ftp://x', prot: 1, proverWorkers: 0 },
        { LEDGER_LOG_LEVEL: 'loud' },
      );
    } catch (error) {
      if (!isLedgerError(error, 'CONFIG_INVALID')) throw error;
      const mistakes = (error.operands['mistakes'] as string[]).join('\n');
      for (const word of ['port', 'rpcUrl', 'prot', 'LEDGER_LOG_LEVEL', 'proverWorkers'])
        expect(mistakes).to.include(word);
      // Every mistake in the reader's language, the library's own messages too.
      const inChinese = error.messageZh.split('\n').slice(1);
      expect(inChinese).to.have.length(5);
      for (const line of inChinese) expect(line.split('：').slice(1).join()).to.match(/\p{Script=Han}/u);
      return;
    }
    throw new Error('accepted');
  });

  it('lets the environment win', () => {
    expect(checkConfig({ ...NEEDED, port: 1 }, { LEDGER_PORT: '2', LEDGER_PRODUCTION: 'true' })).to.include({
      port: 2,
      production: true,
    });
  });

  it('refuses a heartbeat that would break the promise', () => {
    expect(() => checkConfig({ ...NEEDED, promiseSeconds: 100, heartbeatEverySeconds: 100 })).to.throw(
      /promiseSeconds/,
    );
  });

  it('keeps the machine’s time unless told to keep the chain’s', () => {
    expect(checkConfig(NEEDED).clock).to.equal('system');
    expect(checkConfig(NEEDED, { LEDGER_CLOCK: 'chain' }).clock).to.equal('chain');
    expect(() => checkConfig({ ...NEEDED, clock: 'mine' })).to.throw(/clock: /);
  });

  it('refuses in production to let the chain say what the time is, and names the setting', () => {
    expect(() => checkConfig({ ...NEEDED, clock: 'chain', production: true })).to.throw(
      /\n {2}clock: must be system/,
    );
    expect(checkConfig({ ...NEEDED, clock: 'system', production: true }).production).to.equal(true);
  });

  it('is described in docs/operators.md exactly as it is', () => {
    const docs = readFileSync(new URL('../../docs/operators.md', import.meta.url), 'utf8');
    expect(docs).to.include(configReference());
    expect(new Set(Object.values(SETTINGS).map(({ env }) => env)).size).to.equal(
      Object.keys(SETTINGS).length,
    );
  });
});
