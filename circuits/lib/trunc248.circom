pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";

/// The low 248 bits of the canonical (below r) representation of a field element.  515 constraints
///
/// Soundness: 254 bits can spell almost a third of all field elements twice, as x and as x + r, and
/// the two spellings have different low bits. A prover who could choose would have two subject keys
/// for one company, and one of them has no entries. Num2Bits_strict therefore also compares the bits
/// with r − 1 (AliasCheck), which leaves only the canonical spelling.
template Trunc248() {
    signal input in;     // any field element
    signal output out;   // in mod 2^248, of the canonical representation

    signal bits[254] <== Num2Bits_strict()(in);

    var low = 0;
    for (var i = 0; i < 248; i++) {
        low += bits[i] * (1 << i);
    }
    out <== low;
}
