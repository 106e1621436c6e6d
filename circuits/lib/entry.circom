pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";

/// Opens `packed` into its fields, each within its range.  132 constraints
///
/// Layout (least significant first): kind 8, domain 8, severity 4, day 20, until 20, amount 64, ref 16.
/// The upper two bits of kind, the upper four of domain, the upper two of severity and everything
/// from bit 140 on have no bit variable here, so they are zero or there is no witness. An entry
/// anchored with such a bit set makes its chain unprovable; it can never be read with another meaning.
/// Fields that an operation does not use (a ref on a RECORD, an amount on a REVOKE) meet no other
/// constraint, because nothing ever reads them.
///
/// Soundness: 132 bits with distinct weights below 2^140 sum to less than r, so the spelling is unique.
template UnpackEntry() {
    signal input packed;
    signal output kindBits[6];
    signal output domainBits[4];
    signal output severityBits[2];
    signal output day;        // 20 bits
    signal output until;      // 20 bits
    signal output amountFen;  // 64 bits
    signal output ref;        // 16 bits

    var WIDTH[7] = [8, 8, 4, 20, 20, 64, 16];
    var USED[7] = [6, 4, 2, 20, 20, 64, 16];

    signal bit[132];
    var field[7] = [0, 0, 0, 0, 0, 0, 0];
    var sum = 0;
    var next = 0;
    var offset = 0;
    for (var f = 0; f < 7; f++) {
        for (var b = 0; b < USED[f]; b++) {
            bit[next] <-- (packed >> (offset + b)) & 1;
            bit[next] * (bit[next] - 1) === 0;
            sum += bit[next] * (1 << (offset + b));
            field[f] += bit[next] * (1 << b);
            next++;
        }
        offset += WIDTH[f];
    }
    packed === sum;

    for (var b = 0; b < 6; b++) { kindBits[b] <== bit[b]; }
    for (var b = 0; b < 4; b++) { domainBits[b] <== bit[6 + b]; }
    for (var b = 0; b < 2; b++) { severityBits[b] <== bit[10 + b]; }
    day <== field[3];
    until <== field[4];
    amountFen <== field[5];
    ref <== field[6];
}

/// Opens `op` of a slot: one flag an operation, all zero in an unused slot.  5 constraints
///
/// Soundness: the five flags are boolean and sum to `used`, so a used slot has exactly one, and
/// op === Σ k·flag[k] ties it to the hashed op; op outside 0…4 has no witness. An unused slot has
/// no flag, so nothing written there can act on a record or count.
template OpFlags() {
    signal input op;
    signal input used;        // boolean, constrained by the caller
    signal output isRecord;
    signal output isRevoke;
    signal output isRepair;
    signal output isDispute;
    signal output isSettle;

    isRevoke <-- (op == 1) ? used : 0;
    isRepair <-- (op == 2) ? used : 0;
    isDispute <-- (op == 3) ? used : 0;
    isSettle <-- (op == 4) ? used : 0;
    isRecord <== used - isRevoke - isRepair - isDispute - isSettle;

    isRecord * (isRecord - 1) === 0;
    isRevoke * (isRevoke - 1) === 0;
    isRepair * (isRepair - 1) === 0;
    isDispute * (isDispute - 1) === 0;
    isSettle * (isSettle - 1) === 0;

    op === isRevoke + 2 * isRepair + 3 * isDispute + 4 * isSettle;
}
