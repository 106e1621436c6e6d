// The usual listing, and the counts as one JSON line appended to the file that
// LEDGER_TEST_COUNTS names, so that several processes can be added up.
const { appendFileSync } = require('node:fs');
const { reporters } = require('mocha');

module.exports = class CountingReporter extends reporters.Spec {
  done(failures, callback) {
    const file = process.env.LEDGER_TEST_COUNTS;
    if (file) {
      const { passes, failures: failed, pending } = this.stats;
      appendFileSync(file, `${JSON.stringify({ passed: passes, failed, skipped: pending })}\n`);
    }
    callback(failures);
  }
};
