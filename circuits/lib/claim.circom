pragma circom 2.1.6;

include "circomlib/circuits/poseidon.circom";
include "circomlib/circuits/comparators.circom";
include "circomlib/circuits/bitify.circom";
include "./identity.circom";
include "./entry.circom";
include "./chain.circom";
include "./effects.circom";
include "./select.circom";
include "./clause.circom";
include "./register.circom";

/// The answer to one predicate about one subject, over every entry that one register holds of it.
///
/// It shows, and a verifier who sees no record may conclude:
///   the secret opens secretCommit; the key derives from uscc, class and secret; the tag derives from
///   uscc and nonce; the chain over exactly `count` entries ends in the head of the key's leaf, or the
///   key is absent and there is no entry; that leaf is under root; class and clauses open
///   predicateHash; answer and disputed are the predicate's value on asOfDay.
///
/// What the verifier must check itself: that root, secretCommit, subjectTag, predicateHash, asOfDay and
/// context are the ones it means. Under an invented secret anyone is clean.
template Claim(N) {
    var DEPTH = 14;

    //////////////////////////////// PUBLIC ////////////////////////////////

    signal input root;               // root of the register's tree
    signal input secretCommit;       // H2(1, secret): which register
    signal input subjectTag;         // H3(3, uscc, nonce): whom the request asks about
    signal input predicateHash;      // H4(4, class, clause 0, clause 1): what is asked
    signal input asOfDay;            // as of which civil day (UTC+8, days since 1970-01-01)
    signal input context;            // binds chain, log, register, request, grant, requester, purpose, expiry

    //////////////////////////////// PRIVATE ////////////////////////////////

    signal input uscc;               // the subject's credit code as a number
    signal input secret;             // the register's secret
    signal input nonce;              // the request's nonce
    signal input class;              // ledger class 1…3
    signal input count;              // number of entries in the subject's chain
    signal input op[N];              // operations 0…4; 0 in an unused slot
    signal input packed[N];          // packed fields; 0 in an unused slot
    signal input content[N];         // content digests; 0 in an unused slot
    signal input leafKey;            // the key's own leaf, or the low leaf of an absent key
    signal input leafNextKey;        // next larger key in the register, 0 for none
    signal input leafHead;           // head of that leaf's chain
    signal input position[DEPTH];    // the leaf's position in base 4, bottom level first
    signal input siblings[DEPTH][3]; // the other children on the way up, in child order
    signal input clauses[2];         // packed clauses; 0 holds

    //////////////////////////////// OUTPUT ////////////////////////////////

    signal output answer;            // 1 YES, 0 NO
    signal output disputed;          // 1 if a record that counts for a clause is disputed

    // 1. The register: the secret is the committed one.                                            237
    signal expectedCommit <== SecretCommit()(secret);
    secretCommit === expectedCommit;

    // 2. The subject: the tag names the same code as the key. class is hashed into the key and into
    //    the predicate; it is held to 1…3 because no other chain has a meaning.                    1,069
    signal classStep <== (class - 1) * (class - 2);
    classStep * (class - 3) === 0;
    signal key <== SubjectKey()(uscc, class, secret);
    signal expectedTag <== SubjectTag()(uscc, nonce);
    subjectTag === expectedTag;

    // 3. The predicate.                                                                            696
    signal expectedHash <== Poseidon(4)([4, class, clauses[0], clauses[1]]);
    predicateHash === expectedHash;
    component clause[2];
    for (var c = 0; c < 2; c++) {
        clause[c] = UnpackClause();
        clause[c].packed <== clauses[c];
    }

    // 4. The chain: the first `count` slots, all of them, in order.                                506 a slot
    signal used[N] <== UsedSlots(N)(count);
    signal head <== EntryChain(N)(used, op, packed, content);

    // 5. The leaf and its path: present with this head, or absent without entries.                 5,270
    LeafAnswersForKey()(key, leafKey, leafNextKey, leafHead, head, count);
    signal expectedRoot <== RegisterRoot(DEPTH)(leafKey, leafNextKey, leafHead, position, siblings);
    root === expectedRoot;

    // 6. The entries, opened; days compared with asOfDay, which is range-checked first: it is
    //    compared, and a caller that forgot to look must not get a wrapped comparison.             20 and 179 a slot
    _ <== Num2Bits(20)(asOfDay);
    component entry[N];
    component flags[N];
    signal dayReached[N];
    signal notExpired[N];
    for (var i = 0; i < N; i++) {
        entry[i] = UnpackEntry();
        entry[i].packed <== packed[i];
        flags[i] = OpFlags();
        flags[i].op <== op[i];
        flags[i].used <== used[i];
        dayReached[i] <== LessEqThan(20)([entry[i].day, asOfDay]);
        notExpired[i] <== LessEqThan(20)([asOfDay, entry[i].until]);
    }

    // 7. What later entries did to each record.                                                    213 or 4,917
    component effects = Effects(N);
    for (var i = 0; i < N; i++) {
        effects.isRevoke[i] <== flags[i].isRevoke;
        effects.isRepair[i] <== flags[i].isRepair;
        effects.isDispute[i] <== flags[i].isDispute;
        effects.isSettle[i] <== flags[i].isSettle;
        effects.dayReached[i] <== dayReached[i];
        effects.ref[i] <== entry[i].ref;
    }

    // 8. Which masks admit each record: both clauses at once.                                      87 a slot
    component kind[N];
    component domain[N];
    component severity[N];
    for (var i = 0; i < N; i++) {
        kind[i] = SelectFromTwoMasks(6);
        kind[i].index <== entry[i].kindBits;
        domain[i] = SelectFromTwoMasks(4);
        domain[i].index <== entry[i].domainBits;
        severity[i] = SelectFromTwoMasks(2);
        severity[i].index <== entry[i].severityBits;
        for (var c = 0; c < 2; c++) {
            kind[i].mask[c] <== clause[c].kinds;
            domain[i].mask[c] <== clause[c].domains;
            severity[i].mask[c] <== clause[c].severities;
        }
    }

    // 9. The clauses.                                                                              66 a slot and 145
    signal standing[N];
    signal candidate[N];
    for (var i = 0; i < N; i++) {
        standing[i] <== flags[i].isRecord * effects.notRevoked[i];
        candidate[i] <== standing[i] * dayReached[i];
    }
    component value[2];
    for (var c = 0; c < 2; c++) {
        value[c] = EvaluateClause(N);
        for (var i = 0; i < N; i++) {
            value[c].candidate[i] <== candidate[i];
            value[c].matches[i] <== [kind[i].out[c], domain[i].out[c], severity[i].out[c]];
            value[c].day[i] <== entry[i].day;
            value[c].amountFen[i] <== entry[i].amountFen;
            value[c].notRepaired[i] <== effects.notRepaired[i];
            value[c].notExpired[i] <== notExpired[i];
        }
        value[c].asOfDay <== asOfDay;
        value[c].maxAgeDays <== clause[c].maxAgeDays;
        value[c].needsUnrepaired <== clause[c].needsUnrepaired;
        value[c].needsUnexpired <== clause[c].needsUnexpired;
        value[c].isSum <== clause[c].isSum;
        value[c].isAtLeast <== clause[c].isAtLeast;
        value[c].threshold <== clause[c].threshold;
    }
    answer <== value[0].holds * value[1].holds;

    // 10. Whether the answer rests on a disputed record. The sum is at most 2N.                    N + 2
    signal disputedCounts[N];
    var disputedSum = 0;
    for (var i = 0; i < N; i++) {
        disputedCounts[i] <== effects.disputed[i] * (value[0].counts[i] + value[1].counts[i]);
        disputedSum += disputedCounts[i];
    }
    signal isUndisputed <== IsZero()(disputedSum);
    disputed <== 1 - isUndisputed;

    // 11. The context enters a constraint, so that no optimiser drops it and no proof can be carried
    //     to another context.                                                                      1
    signal contextSquared <== context * context;
}
