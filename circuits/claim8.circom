pragma circom 2.1.6;

include "./lib/claim.circom";

// Public signals, in this order: answer, disputed, root, secretCommit, subjectTag, predicateHash, asOfDay, context.
component main {public [root, secretCommit, subjectTag, predicateHash, asOfDay, context]} = Claim(8);
