pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";
include "circomlib/circuits/comparators.circom";

/// Opens a packed clause.  201 constraints
///
/// Layout (least significant first): kinds 64, domains 16, minSeverity 4, maxAgeDays 20, status 2,
/// aggregate 1, comparison 1, threshold 70; 178 bits, so the spelling is unique and anything above
/// has no witness.
///
/// The packed clause 0 needs no case of its own: its masks are empty, nothing counts, and 0 at most 0
/// holds.
template UnpackClause() {
    signal input packed;
    signal output kinds[64];
    signal output domains[16];
    signal output severities[4];    // severities[s]: s ≥ minSeverity
    signal output maxAgeDays;       // 20 bits; no limit reads as 2^20 − 1, which no age exceeds
    signal output needsUnrepaired;  // status unrepaired or in-force
    signal output needsUnexpired;   // status in-force
    signal output isSum;            // aggregate: 0 count, 1 sum
    signal output isAtLeast;        // comparison: 0 at most, 1 at least
    signal output threshold;        // 70 bits

    signal bits[178] <== Num2Bits(178)(packed);

    for (var i = 0; i < 64; i++) { kinds[i] <== bits[i]; }
    for (var i = 0; i < 16; i++) { domains[i] <== bits[64 + i]; }

    // minSeverity has four bits, a severity two: s ≥ minSeverity is decided once for each s.
    var minSeverity = bits[80] + 2 * bits[81] + 4 * bits[82] + 8 * bits[83];
    for (var s = 0; s < 4; s++) {
        severities[s] <== LessThan(4)([minSeverity, s + 1]);
    }

    var age = 0;
    for (var i = 0; i < 20; i++) { age += bits[84 + i] * (1 << i); }
    signal hasNoLimit <== IsZero()(age);
    maxAgeDays <== age + hasNoLimit * ((1 << 20) - 1);

    // Status 3 means nothing and is refused.
    bits[104] * bits[105] === 0;
    needsUnrepaired <== bits[104] + bits[105];
    needsUnexpired <== bits[105];

    isSum <== bits[106];
    isAtLeast <== bits[107];

    var limit = 0;
    for (var i = 0; i < 70; i++) { limit += bits[108 + i] * (1 << i); }
    threshold <== limit;
}

/// Whether a total meets its threshold.  72 constraints
///
/// Soundness: both are below 2^70 (40 amounts of 64 bits are less), so difference + 2^70 lies strictly
/// between 0 and 2^71 and its top bit says whether the difference is negative.
template MeetsThreshold() {
    signal input total;       // below 2^70
    signal input threshold;   // below 2^70
    signal input isAtLeast;   // boolean
    signal output out;

    // at most: threshold − total ≥ 0; at least: total − threshold ≥ 0
    signal difference <== (1 - 2 * isAtLeast) * (threshold - total);
    signal bits[71] <== Num2Bits(71)(difference + (1 << 70));
    out <== bits[70];
}

/// One clause over all slots: the flags of the records that count, and whether the clause holds.
/// 32 constraints a slot and 72
template EvaluateClause(N) {
    // the records, all from constrained places
    signal input candidate[N];   // used, RECORD, not revoked, day ≤ asOfDay
    signal input matches[N][3];  // kind, domain, severity admitted by the masks
    signal input day[N];         // 20 bits
    signal input amountFen[N];   // 64 bits
    signal input notRepaired[N];
    signal input notExpired[N];
    signal input asOfDay;        // 20 bits
    // the clause
    signal input maxAgeDays;     // 20 bits
    signal input needsUnrepaired;
    signal input needsUnexpired;
    signal input isSum;
    signal input isAtLeast;
    signal input threshold;      // 70 bits
    signal output counts[N];     // boolean
    signal output holds;         // boolean

    signal recent[N];
    signal repairedAndBarred[N];
    signal expiredAndBarred[N];
    signal step[N][5];
    signal weight[N];
    signal share[N];
    var total = 0;
    for (var i = 0; i < N; i++) {
        // asOfDay − day ≤ maxAgeDays without a negative number: asOfDay ≤ maxAgeDays + day, where
        // both sides and side + 1 are below 2^21.
        recent[i] <== LessEqThan(21)([asOfDay, maxAgeDays + day[i]]);

        repairedAndBarred[i] <== needsUnrepaired * (1 - notRepaired[i]);
        expiredAndBarred[i] <== needsUnexpired * (1 - notExpired[i]);

        step[i][0] <== candidate[i] * matches[i][0];
        step[i][1] <== step[i][0] * matches[i][1];
        step[i][2] <== step[i][1] * matches[i][2];
        step[i][3] <== step[i][2] * recent[i];
        step[i][4] <== step[i][3] * (1 - repairedAndBarred[i]);
        counts[i] <== step[i][4] * (1 - expiredAndBarred[i]);

        weight[i] <== 1 + isSum * (amountFen[i] - 1);
        share[i] <== counts[i] * weight[i];
        total += share[i];
    }

    holds <== MeetsThreshold()(total, threshold, isAtLeast);
}
