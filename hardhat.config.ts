import { createRequire } from 'node:module';
import hardhatToolboxMochaEthers from '@nomicfoundation/hardhat-toolbox-mocha-ethers';
import { defineConfig } from 'hardhat/config';

// The compiler is the pinned `solc` package: nothing is downloaded at run time.
const soljson = createRequire(import.meta.url).resolve('solc/soljson.js');

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  solidity: {
    version: '0.8.37',
    path: soljson,
    settings: {
      // Newer defaults do not run on every consortium engine.
      evmVersion: 'cancun',
      optimizer: { enabled: true, runs: 800 },
      viaIR: true,
    },
  },
  paths: {
    sources: 'contracts',
    tests: { mocha: 'test/contracts' },
  },
  networks: {
    // Gas figures are those of Prague: its floor price for call data (EIP-7623) makes a batch of
    // entries dearer than under Cancun, so what is measured here is the upper of the two.
    default: {
      type: 'edr-simulated',
      chainType: 'l1',
      hardfork: 'prague',
      chainId: 31337,
      accounts: { count: 30 },
    },
  },
  // TypeChain's files use namespaces, which this project does not allow itself.
  typechain: { outDir: 'types', tsNocheck: true },
  test: { mocha: { timeout: 120_000, reporter: 'test/support/counting-reporter.cjs' } },
});
