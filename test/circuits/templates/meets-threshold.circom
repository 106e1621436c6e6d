pragma circom 2.1.6;

include "../../../circuits/lib/clause.circom";

component main = MeetsThreshold();
