// npm run -s ledger -- COMMAND: the command line of a node.
import '../node/src/cli/start.ts';
