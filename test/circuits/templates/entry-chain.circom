pragma circom 2.1.6;

include "../../../circuits/lib/chain.circom";

component main = EntryChain(8);
