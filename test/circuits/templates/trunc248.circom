pragma circom 2.1.6;

include "../../../circuits/lib/trunc248.circom";

component main = Trunc248();
