pragma circom 2.1.6;

include "circomlib/circuits/bitify.circom";

// Wrong on purpose: what Trunc248 would be without its alias check. The tests show that the second
// spelling is accepted here, so that its refusal by Trunc248 means something.
template LooseTrunc248() {
    signal input in;
    signal output out;

    signal bits[254] <== Num2Bits(254)(in);
    var low = 0;
    for (var i = 0; i < 248; i++) {
        low += bits[i] * (1 << i);
    }
    out <== low;
}

component main = LooseTrunc248();
