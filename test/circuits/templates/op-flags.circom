pragma circom 2.1.6;

include "../../../circuits/lib/entry.circom";

component main = OpFlags();
