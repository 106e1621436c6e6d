import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { GAUGES } from '../../node/src/api/gauges.ts';

const path = new URL('../../deploy/prometheus/alerts.yml', import.meta.url);
const rules = readFileSync(path, 'utf8');
const page = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');

describe('The alert rules', () => {
  it('each have a section that says what to do, and no section is of none', () => {
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(sections).to.deep.equal(alerts);
    for (const name of alerts) expect(rules).to.include(`runbook: docs/alerts.md#${name.toLowerCase()}`);
    expect(rules.match(/summary_zh: /g)).to.have.length(alerts.length);
  });

  it('speak of metrics that a node has', () => {
    const counted = ['ledger_errors_total', 'ledger_http_request_seconds_count'];
    const known = new Set([...Object.keys(GAUGES).map((name) => `ledger_${name}`), ...counted]);
    const named = [...rules.matchAll(/\bledger_\w+/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name))).to.deep.equal([]);
  });

  it('are accepted by promtool', function () {
    const checked = spawnSync('promtool', ['check', 'rules', path.pathname], { encoding: 'utf8' });
    if (checked.error !== undefined) {
      process.stderr.write('\n  NOT TESTED with promtool: it is not installed\n\n');
      return this.skip();
    }
    expect(checked.status, checked.stdout + checked.stderr).to.equal(0);
    expect(checked.stdout).to.include(`SUCCESS: ${alerts.length} rules found`);
  });
});
