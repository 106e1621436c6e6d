pragma circom 2.1.6;

include "../../../circuits/lib/select.circom";

component main = SelectFromTwoMasks(4);
