pragma circom 2.1.6;

include "circomlib/circuits/comparators.circom";

/// What later entries do to each slot.  213 constraints for N = 8, 4,917 for 40
///
/// Only pairs i < j exist: a ref to a later entry or to itself meets no comparison and can have no
/// effect. A ref to an entry that is not a RECORD sets flags of that slot, which never counts
/// (CountedRecords multiplies by isRecord); effects do not pass from one operation to another.
///
/// Soundness: ref === i is decided by IsEqual, not hinted, so an effect can be neither invented for a
/// record that no entry names nor withheld from one that an entry does. Counts of hits are at most
/// N, far below r, so a sum is zero only if every term is.
template Effects(N) {
    signal input isRevoke[N];       // boolean, at most one of the flags of a slot
    signal input isRepair[N];
    signal input isDispute[N];
    signal input isSettle[N];
    signal input dayReached[N];     // day ≤ asOfDay
    signal input ref[N];            // 16 bits
    signal output notRevoked[N];
    signal output notRepaired[N];
    signal output disputed[N];

    // 1. An operation dated after asOfDay has not happened yet. A revocation always has: the source
    //    withdrew the record itself.
    signal repairs[N];
    signal disputes[N];
    signal settles[N];
    for (var j = 0; j < N; j++) {
        repairs[j] <== isRepair[j] * dayReached[j];
        disputes[j] <== isDispute[j] * dayReached[j];
        settles[j] <== isSettle[j] * dayReached[j];
    }

    // 2. Pair by pair, in the order of the chain.                                          6 a pair
    signal names[N][N];             // names[i][j]: entry j has ref = i
    signal revokeHit[N][N];
    signal repairHit[N][N];
    signal open[N][N + 1];          // open[i][j]: i is disputed before entry j
    signal closing[N][N];
    for (var i = 0; i < N; i++) {
        var revokeHits = 0;
        var repairHits = 0;
        open[i][i + 1] <== 0;
        for (var j = i + 1; j < N; j++) {
            names[i][j] <== IsEqual()([ref[j], i]);
            revokeHit[i][j] <== names[i][j] * isRevoke[j];
            repairHit[i][j] <== names[i][j] * repairs[j];
            revokeHits += revokeHit[i][j];
            repairHits += repairHit[i][j];

            // A dispute opens, a settlement or revocation closes, anything else changes nothing:
            // open' = open + names·(disputes − (disputes + settles + isRevoke)·open).
            closing[i][j] <== (disputes[j] + settles[j] + isRevoke[j]) * open[i][j];
            open[i][j + 1] <== open[i][j] + names[i][j] * (disputes[j] - closing[i][j]);
        }
        notRevoked[i] <== IsZero()(revokeHits);
        notRepaired[i] <== IsZero()(repairHits);
        disputed[i] <== open[i][N];
    }
}
