// eslint's security rules on what runs at members: `npm run analyze` holds their findings against docs/static-analysis.md.
import security from 'eslint-plugin-security';
import tseslint from 'typescript-eslint';

export default tseslint.config({
  files: ['node/src/**/*.ts', 'sdk/src/**/*.ts'],
  ignores: ['sdk/src/chain/abi/**', 'sdk/src/client/schema.ts'],
  languageOptions: { parser: tseslint.parser },
  linterOptions: { reportUnusedDisableDirectives: 'off' },
  // Those of the project's own config, which a comment in the source may name.
  plugins: { security, '@typescript-eslint': tseslint.plugin },
  rules: {
    ...security.configs.recommended.rules,
    // An index into an own array is all that it ever finds here.
    'security/detect-object-injection': 'off',
    // A node's files have the names that its settings give them.
    'security/detect-non-literal-fs-filename': 'off',
  },
});
