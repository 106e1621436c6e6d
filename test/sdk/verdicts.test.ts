import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CHECK_NAMES, CHECKS, REASONS } from '@credit-ledger/sdk/answer';
import { expect } from 'chai';

describe('the verdicts', function () {
  this.timeout(30_000);

  it('stand in the documentation, every code with its check and its verdict', () => {
    const script = fileURLToPath(new URL('../../scripts/make-verdicts.ts', import.meta.url));
    execFileSync(process.execPath, ['--conditions=source', script, '--check'], { stdio: 'pipe' });
    const page = readFileSync(new URL('../../docs/verdicts.md', import.meta.url), 'utf8');
    for (const [code, { verdict }] of Object.entries(REASONS))
      expect(page).to.contain(`| \`${code}\` | ${verdict} |`);
  });

  it('are in the order that the protocol names', () => {
    expect(CHECKS.join(', ')).to.equal(
      'format, proof, circuit-pinned, register-owner, register-secret, subject, predicate, as-of-day, context, ' +
        'expiry, root-known, root-witnessed, root-current, grant, answer-logged, responder-signature',
    );
  });

  it('have words in both languages, and every check can be VALID and INVALID', () => {
    for (const [code, { en, zh }] of Object.entries(REASONS)) {
      expect(en, code).to.match(/\.$/);
      expect(zh, code).to.match(/[\u4e00-\u9fff].*。$/);
    }
    for (const check of CHECKS) {
      const verdicts = Object.values(REASONS).flatMap((reason) =>
        reason.check === check ? [reason.verdict] : [],
      );
      expect(verdicts, check).to.include.members(['VALID', 'INVALID']);
      expect(CHECK_NAMES[check].zh).to.match(/[\u4e00-\u9fff]/);
    }
  });

  it('never turn what could not be checked into INVALID or VALID', () => {
    for (const [code, reason] of Object.entries(REASONS)) {
      if (reason.check === 'any') expect(reason.verdict, code).to.be.oneOf(['ERROR', 'SKIPPED']);
    }
  });
});
